// The settings `local` and `grid` of kernels on a box of points that is shared out to a grid of ranks. Wrong values are
// errors of usage that say what was expected.
#pragma once

#include <string>

#include "harness/base/settings.hpp"
#include "kernels/sparse/block.hpp"

namespace tandem::kernels {

std::string text_of(const Triple& triple);            // "104x104x96"
Triple local_box(const Settings& settings);           // "104" or "104x104x96", each 1 .. 100000
Triple multigrid_box(const Settings& settings);       // the same, each a multiple of 8 and at least 16
std::string largest_cube(double points);              // "local=104" of at most so many; "": none
Triple grid_of(const Settings& settings, int ranks);  // "auto": near cubic; or "2x2x1", which must make up `ranks`

}  // namespace tandem::kernels
