// Makes matlab73.mat: cc matlab73.c $(pkg-config --cflags --libs matio) && ./a.out
#include <matio.h>

int main(void) {
  mat_t *file = Mat_CreateVer("matlab73.mat", NULL, MAT_FT_MAT73);
  size_t shape[2] = {2, 3}, column[2] = {3, 1};
  double x[6] = {0, 3, 1, 4, 2, 5};  // column by column
  unsigned char y[3] = {1, 2, 3};
  matvar_t *variable = Mat_VarCreate("X", MAT_C_DOUBLE, MAT_T_DOUBLE, 2, shape, x, 0);
  Mat_VarWrite(file, variable, MAT_COMPRESSION_ZLIB);
  Mat_VarFree(variable);
  variable = Mat_VarCreate("Y", MAT_C_UINT8, MAT_T_UINT8, 2, column, y, 0);
  Mat_VarWrite(file, variable, MAT_COMPRESSION_NONE);
  Mat_VarFree(variable);
  return Mat_Close(file);
}
