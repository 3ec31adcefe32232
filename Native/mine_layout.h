// How one sample's network and a thread's working memory lie in the caller's floats.
//
// Hidden units are padded to slices of 16, which are the vector lanes; views are padded to panels of 16:
//   state   [slice][D][weight, first moment, second moment][16]
//   panels  [panel][D][16 views]
//   rows    [slice][padded views][16]     pre-activations, or their gradients
#pragma once

#include "cmine.h"

namespace {

constexpr int64_t kSlice = 16;           // hidden units a slice
constexpr int64_t kPanel = 16;           // views a panel
constexpr int64_t kColumn = 3 * kSlice;  // weight, first and second moment of one column of a slice

struct Shape {
  int64_t K, D, H, slices, panels, rows;  // rows: views padded to whole panels
  explicit Shape(const cm_configuration &c)
      : K(c.views), D(c.dimension), H(c.hidden), slices((H + kSlice - 1) / kSlice),
        panels((K + kPanel - 1) / kPanel), rows(panels * kPanel) {}
  int64_t branch_floats() const { return slices * D * kColumn; }
  int64_t panel_floats() const { return panels * D * kPanel; }
  int64_t row_floats() const { return slices * rows * kSlice; }
};

/// Where the parts of a sample's state and of a thread's scratch memory lie.
struct State {
  float *x, *y, *bias, *output;  // the branches W_x, W_y; b and v as [slice][weight, moments][16]
  State(const Shape &s, float *p)
      : x(p), y(x + s.branch_floats()), bias(y + s.branch_floats()), output(bias + s.slices * kColumn) {}
  static int64_t floats(const Shape &s) { return 2 * s.branch_floats() + 2 * s.slices * kColumn; }
};

struct Scratch {
  float *x, *y, *a, *c, *da, *dc, *joint, *marginal, *turned;
  int32_t *permutation;
  Scratch(const Shape &s, float *p) {
    x = p;
    y = x + s.panel_floats();
    a = y + s.panel_floats();
    c = a + s.row_floats();
    da = c + s.row_floats();
    dc = da + s.row_floats();
    joint = dc + s.row_floats();
    marginal = joint + s.rows;
    turned = marginal + s.rows;
    permutation = reinterpret_cast<int32_t *>(turned + kSlice * kPanel);
  }
  static int64_t floats(const Shape &s) {
    return 2 * s.panel_floats() + 4 * s.row_floats() + 3 * s.rows + kSlice * kPanel;
  }
};

}  // namespace
