// The one kernel, compiled for several instruction sets.
#pragma once

#include "cmine.h"

extern const cm_advance mine_advance_baseline;
#if CTORCH_AVX2
extern const cm_advance mine_advance_avx2;
#endif
#if CTORCH_AVX512
extern const cm_advance mine_advance_avx512;
#endif
