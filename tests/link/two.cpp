// The other translation unit; a function defined in a header without inline makes the link fail here.
#include "link.hpp"

double quadratic_in_two(double x) { return quadratic(x); }
