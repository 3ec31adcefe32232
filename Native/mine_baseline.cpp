#define MINE_LANES 4
#include "mine_kernel.h"
#include "mine_variants.h"

const cm_advance mine_advance_baseline = advance;
