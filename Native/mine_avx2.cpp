#define MINE_LANES 8
#include "mine_kernel.h"
#include "mine_variants.h"

const cm_advance mine_advance_avx2 = advance;
