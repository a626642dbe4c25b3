// One of two translation units that hold all of erg; see two.cpp.
#include "link.hpp"

int main() { return quadratic_in_two(3.0) == quadratic_in_one(3.0) ? 0 : 1; }

double quadratic_in_one(double x) { return quadratic(x); }
