// HDF5 files: MATLAB's version 7.3, whoever wrote it, and those of h5py and others.
#include <hdf5.h>
#include <stdlib.h>
#include <string.h>

#include "matlab_internal.h"

typedef struct {
  int pipe;
  const char *wanted;
  size_t limit;
  size_t count;
  int depth;
  char prefix[UAE_MAT_NAME];
  bool failed;
} visit;

// The text of an attribute of fixed length, however it is padded; "" where there is none.
static void text_attribute(hid_t object, const char *name, char *text, size_t size) {
  text[0] = 0;
  if (H5Aexists(object, name) <= 0) return;
  hid_t attribute = H5Aopen(object, name, H5P_DEFAULT), type = H5Aget_type(attribute);
  const size_t length = H5Tget_size(type);
  if (H5Tget_class(type) == H5T_STRING && H5Tis_variable_str(type) <= 0 && length < size &&
      H5Aread(attribute, type, text) >= 0)
    text[length] = 0;
  H5Tclose(type);
  H5Aclose(attribute);
}

static uint32_t number_type(hid_t type) {
  const size_t size = H5Tget_size(type);
  switch (H5Tget_class(type)) {
    case H5T_FLOAT: return size == 8 ? UAE_MAT_DOUBLE : size == 4 ? UAE_MAT_SINGLE : size == 2 ? UAE_MAT_HALF : 0;
    case H5T_ENUM: return size == 1 ? UAE_MAT_BOOL : UAE_MAT_UNKNOWN;
    case H5T_INTEGER: {
      const bool sign = H5Tget_sign(type) == H5T_SGN_2;
      switch (size) {
        case 1: return sign ? UAE_MAT_INT8 : UAE_MAT_UINT8;
        case 2: return sign ? UAE_MAT_INT16 : UAE_MAT_UINT16;
        case 4: return sign ? UAE_MAT_INT32 : UAE_MAT_UINT32;
        case 8: return sign ? UAE_MAT_INT64 : UAE_MAT_UINT64;
        default: return UAE_MAT_UNKNOWN;
      }
    }
    default: return UAE_MAT_UNKNOWN;
  }
}

// All elements, little-endian.
static void *elements(hid_t set, hid_t type, size_t size) {
  hid_t memory = H5Tcopy(type);
  if (H5Tget_class(type) != H5T_ENUM) H5Tset_order(memory, H5T_ORDER_LE);
  void *data = malloc(size);
  if (data && H5Dread(set, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) < 0) free(data), data = NULL;
  H5Tclose(memory);
  return data;
}

static bool send_set(visit *state, hid_t set, uae_mat_variable *head) {
  hid_t type = H5Dget_type(set), space = H5Dget_space(set);
  char class[32];
  text_attribute(set, "MATLAB_class", class, sizeof class);
  head->row_major = class[0] == 0;
  hsize_t dims[UAE_MAT_RANK];
  const int rank = H5Sget_simple_extent_ndims(space);
  head->type = strcmp(class, "logical") == 0 ? UAE_MAT_BOOL : number_type(type);
  const H5T_class_t kind = H5Tget_class(type);
  if (strcmp(class, "char") == 0 || kind == H5T_STRING) head->kind = UAE_MAT_TEXT;
  else if (strcmp(class, "cell") == 0) head->kind = UAE_MAT_CELL;
  else if (kind == H5T_COMPOUND) head->kind = class[0] ? UAE_MAT_COMPLEX : UAE_MAT_STRUCT;
  else if (head->type == UAE_MAT_UNKNOWN || rank < 0 || rank > UAE_MAT_RANK || H5Aexists(set, "MATLAB_empty") > 0)
    head->kind = UAE_MAT_OTHER;
  if (rank > 0 && rank <= UAE_MAT_RANK && H5Sget_simple_extent_dims(space, dims, NULL) == rank) {
    head->rank = (uint32_t)rank;
    // MATLAB's first axis is HDF5's last.
    for (int axis = 0; axis < rank; axis++) head->dims[axis] = dims[head->row_major ? axis : rank - 1 - axis];
  }
  head->size = uae_array_size(head);
  void *data = NULL;
  if (head->kind == UAE_MAT_ARRAY && state->wanted && strcmp(state->wanted, head->name) == 0 && head->size > 0 &&
      head->size <= state->limit && H5Tget_size(type) == uae_type_size(head->type))
    data = elements(set, type, head->size);
  bool sent = uae_send_variable(state->pipe, head, data);
  free(data);
  H5Sclose(space);
  H5Tclose(type);
  return sent;
}

// One of a sparse matrix's three arrays, as `type`; its length in `count`.
static void *part(hid_t group, const char *name, hid_t type, size_t limit, size_t *count) {
  *count = 0;
  if (H5Lexists(group, name, H5P_DEFAULT) <= 0) return calloc(1, 8);
  hid_t set = H5Dopen(group, name, H5P_DEFAULT), space = H5Dget_space(set);
  const hssize_t length = H5Sget_simple_extent_npoints(space);
  void *data = NULL;
  if (length >= 0 && (size_t)length <= limit / 8) {
    *count = (size_t)length;
    data = calloc(*count + 1, 8);
    if (data && H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) < 0) free(data), data = NULL;
  }
  H5Sclose(space);
  H5Dclose(set);
  return data;
}

static bool send_sparse(visit *state, hid_t group, uae_mat_variable *head) {
  uint64_t rows = 0;
  hid_t attribute = H5Aopen(group, "MATLAB_sparse", H5P_DEFAULT);
  H5Aread(attribute, H5T_NATIVE_UINT64, &rows);
  H5Aclose(attribute);
  size_t starts, indices, values;
  uint64_t *jc = part(group, "jc", H5T_NATIVE_UINT64, state->limit + (64 << 20), &starts);
  if (!jc || starts == 0) return uae_send_variable(state->pipe, head, NULL);
  head->kind = UAE_MAT_SPARSE;
  head->type = UAE_MAT_DOUBLE;
  head->rank = 2;
  head->dims[0] = rows;
  head->dims[1] = starts - 1;
  head->size = uae_array_size(head);
  bool sent;
  if (state->wanted && strcmp(state->wanted, head->name) == 0) {
    uint64_t *ir = part(group, "ir", H5T_NATIVE_UINT64, state->limit, &indices);
    double *data = part(group, "data", H5T_NATIVE_DOUBLE, state->limit, &values);
    sent = ir && data && indices == values
               ? uae_send_sparse(state->pipe, head, jc, starts - 1, ir, data, values, state->limit)
               : uae_send_variable(state->pipe, head, NULL);
    free(ir), free(data);
  } else {
    sent = uae_send_variable(state->pipe, head, NULL);
  }
  free(jc);
  return sent;
}

static herr_t enter(hid_t group, const char *name, const H5L_info_t *link, void *context) {
  visit *state = context;
  // Links out of the file, and what MATLAB and its imitators keep for themselves.
  if (link->type != H5L_TYPE_HARD || name[0] == '#' || state->count >= UAE_MAT_VARIABLES) return 0;
  uae_mat_variable head;
  memset(&head, 0, sizeof head);
  if ((size_t)snprintf(head.name, sizeof head.name, "%s%s", state->prefix, name) >= sizeof head.name) return 0;
  hid_t object = H5Oopen(group, name, H5P_DEFAULT);
  if (object < 0) return -1;
  bool sent = true;
  const H5I_type_t kind = H5Iget_type(object);
  if (kind == H5I_DATASET) {
    state->count++;
    sent = send_set(state, object, &head);
  } else if (kind == H5I_GROUP) {
    char class[32];
    text_attribute(object, "MATLAB_class", class, sizeof class);
    if (H5Aexists(object, "MATLAB_sparse") > 0) {
      state->count++;
      head.kind = UAE_MAT_OTHER;
      sent = send_sparse(state, object, &head);
    } else if (class[0] || state->depth >= 8) {
      state->count++;
      head.kind = UAE_MAT_STRUCT;
      sent = uae_send_variable(state->pipe, &head, NULL);
    } else {
      visit below = *state;
      below.depth++;
      snprintf(below.prefix, sizeof below.prefix, "%.62s/", head.name);
      if (H5Literate(object, H5_INDEX_NAME, H5_ITER_NATIVE, NULL, enter, &below) < 0) sent = false;
      state->count = below.count;
    }
  }
  H5Oclose(object);
  return sent ? 0 : -1;
}

bool uae_h5_send(int pipe, const char *path, const char *wanted, size_t limit) {
  H5Eset_auto(H5E_DEFAULT, NULL, NULL);
  hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
  if (file < 0) return false;
  visit state = {.pipe = pipe, .wanted = wanted, .limit = limit};
  return H5Literate(file, H5_INDEX_NAME, H5_ITER_NATIVE, NULL, enter, &state) >= 0;
}
