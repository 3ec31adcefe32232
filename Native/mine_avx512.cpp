#define MINE_LANES 16
#include "mine_kernel.h"
#include "mine_variants.h"

const cm_advance mine_advance_avx512 = advance;
