// CNTK's random numbers, bit for bit: uniform, normal (ziggurat of 128 layers), truncated normal.
// Everything is drawn in double; a float result is the rounded double.
#include <cmath>
#include <cstring>

#include "api.h"
#include "twister.h"

namespace {
constexpr double kTwoTo64 = 18446744073709551616.0;

// X and Y of the ziggurat: edges of the layers and the density at them, 129 entries each.
struct Ziggurat {
  const double* x;
  const double* y;
};

// Uniform in [0, 1).
double unit(Twister& generator) {
  for (;;) {
    const double u = static_cast<double>(generator.next()) / kTwoTo64;
    if (u < 1.0) return u;
  }
}

double uniform(Twister& generator, double low, double high) {
  if (!(low < high)) return low;
  for (;;) {
    const double u = static_cast<double>(generator.next()) / kTwoTo64;
    const double value = u * (high - low) + low;
    if (value < high) return value;
  }
}

// Beyond the last edge: two exponential draws, accepted with the right probability.
double tail(Twister& generator, double edge) {
  for (;;) {
    const double a = -std::log(1 - unit(generator)) / edge;
    const double c = -std::log(1 - unit(generator));
    if (2 * c > a * a) return edge + a;
  }
}

double standard_normal(Twister& generator, const Ziggurat& table) {
  constexpr uint64_t kClearedBit = uint64_t{1} << 11;
  for (;;) {
    const uint64_t bits = generator.next();
    const int layer = static_cast<int>((bits & 255) >> 1);
    const double sign = (bits & 1) != 0 ? 1.0 : -1.0;
    const double fraction = static_cast<double>((bits & ~kClearedBit) >> 8) * 0x1p-56;
    const double x = fraction * table.x[layer];
    if (x < table.x[layer + 1]) return sign * x;
    if (layer == 0) return sign * tail(generator, table.x[1]);
    const double y = table.y[layer] + unit(generator) * (table.y[layer + 1] - table.y[layer]);
    if (y < std::exp(-x * x / 2)) return sign * x;
  }
}

double truncated_normal(Twister& generator, const Ziggurat& table, double mean, double sigma) {
  const double low = mean - 2 * sigma;
  const double high = mean + 2 * sigma;
  if (!(low < high)) return mean;
  for (;;) {
    const double value = mean + sigma * standard_normal(generator, table);
    if (value >= low && value <= high) return value;
  }
}

template <class Draw>
void fill(void* out, int64_t count, int64_t element_bytes, Draw draw) {
  if (element_bytes == 8) {
    auto* to = static_cast<double*>(out);
    for (int64_t i = 0; i < count; ++i) to[i] = draw();
  } else {
    auto* to = static_cast<float*>(out);
    for (int64_t i = 0; i < count; ++i) to[i] = static_cast<float>(draw());
  }
}
}  // namespace

static_assert(sizeof(Twister) == 313 * 8, "the state is an array of 313 words");

BS_EXPORT void bs_twister_seed(Twister* state, uint64_t seed) { state->seed(seed); }

BS_EXPORT void bs_twister_words(Twister* state, uint64_t* out, int64_t count) {
  for (int64_t i = 0; i < count; ++i) out[i] = state->next();
}

BS_EXPORT void bs_uniform(Twister* state, double low, double high, void* out, int64_t count,
                          int64_t element_bytes) {
  fill(out, count, element_bytes, [=] { return uniform(*state, low, high); });
}

BS_EXPORT void bs_normal(Twister* state, const double* x, const double* y, double mean,
                         double sigma, void* out, int64_t count, int64_t element_bytes) {
  const Ziggurat table{x, y};
  fill(out, count, element_bytes, [&] { return mean + sigma * standard_normal(*state, table); });
}

BS_EXPORT void bs_truncated_normal(Twister* state, const double* x, const double* y, double mean,
                                   double sigma, void* out, int64_t count, int64_t element_bytes) {
  const Ziggurat table{x, y};
  fill(out, count, element_bytes, [&] { return truncated_normal(*state, table, mean, sigma); });
}
