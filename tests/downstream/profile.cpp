// Says which profile it was compiled in; the consumer project asks for both.
#include <erg/config.hpp>

int main(int argc, char**) {
  const bool expects_strict = argc > 1;
  return erg::is_strict_build == expects_strict ? 0 : 1;
}
