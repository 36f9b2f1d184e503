// What compiled steps call for random numbers: the generator lies in the state of the step. One
// that nobody has seeded (all its bytes are 0) is seeded first.
#include <algorithm>
#include <vector>

#include "api.h"
#include "twister.h"

namespace {
constexpr double kTwoTo64 = 18446744073709551616.0;
constexpr int kTrials = 10;

void make_ready(Twister& generator, int64_t seed) {
  if (generator.position == 0) generator.seed(static_cast<uint64_t>(seed));
}

double unit(Twister& generator) {
  for (;;) {
    const double u = static_cast<double>(generator.next()) / kTwoTo64;
    if (u < 1.0) return u;
  }
}

// Classes with probabilities in proportion to their weights.
class Urn {
 public:
  template <class Element>
  Urn(const Element* weights, int64_t classes) : sums_(static_cast<size_t>(classes)) {
    double sum = 0;
    for (size_t i = 0; i < sums_.size(); ++i) {
      const double weight = static_cast<double>(weights[i]);
      sums_[i] = sum += weight > 0 ? weight : 0;
      positive_ += weight > 0;
    }
  }

  // How many classes can be drawn at all.
  int64_t positive() const { return positive_; }

  int64_t draw(Twister& generator) const {
    const double at = unit(generator) * sums_.back();
    const auto found = std::upper_bound(sums_.begin(), sums_.end(), at);
    return std::min<int64_t>(found - sums_.begin(), static_cast<int64_t>(sums_.size()) - 1);
  }

 private:
  std::vector<double> sums_;
  int64_t positive_ = 0;
};

// Draws `count` classes into `out` (nothing is kept without it); returns the number of draws. Where
// fewer classes than asked for have a weight, the rest is drawn with replacement.
int64_t draw_classes(const Urn& urn, Twister& generator, int64_t classes, int64_t count,
                     bool replacement, int64_t* out) {
  std::vector<bool> taken(replacement ? 0 : static_cast<size_t>(classes));
  int64_t draws = 0;
  for (int64_t i = 0; i < count;) {
    const int64_t drawn = urn.draw(generator);
    ++draws;
    if (!replacement && i < urn.positive()) {
      if (taken[static_cast<size_t>(drawn)]) continue;
      taken[static_cast<size_t>(drawn)] = true;
    }
    if (out != nullptr) out[i] = drawn;
    ++i;
  }
  return draws;
}

template <class Element>
void sample(Twister& generator, const Element* weights, Element* out, int64_t classes,
            int64_t count, bool replacement) {
  std::vector<int64_t> drawn(static_cast<size_t>(count));
  draw_classes(Urn(weights, classes), generator, classes, count, replacement, drawn.data());
  std::fill_n(out, classes * count, Element{0});
  for (int64_t i = 0; i < count; ++i) out[i * classes + drawn[static_cast<size_t>(i)]] = 1;
}

template <class Element>
Element mean_draws(Twister generator, const Element* weights, int64_t classes, int64_t count) {
  const Urn urn(weights, classes);
  int64_t total = 0;
  for (int i = 0; i < kTrials; ++i)
    total += draw_classes(urn, generator, classes, count, false, nullptr);
  return static_cast<Element>(static_cast<double>(total) / kTrials);
}
}  // namespace

// Uniform numbers in [0, 1), drawn in double and rounded.
BS_EXPORT void bs_draw_uniform(Twister* generator, void* out, int64_t count, int64_t seed,
                               int64_t element_bytes) {
  make_ready(*generator, seed);
  if (element_bytes == 8) {
    auto* to = static_cast<double*>(out);
    for (int64_t i = 0; i < count; ++i) to[i] = unit(*generator);
  } else {
    auto* to = static_cast<float*>(out);
    for (int64_t i = 0; i < count; ++i) to[i] = static_cast<float>(unit(*generator));
  }
}

// `count` columns of `classes` elements, each with a 1 where its class is.
BS_EXPORT void bs_draw_classes(Twister* generator, const void* weights, void* out, int64_t classes,
                               int64_t count, int64_t replacement, int64_t seed,
                               int64_t element_bytes) {
  make_ready(*generator, seed);
  if (element_bytes == 8) {
    sample(*generator, static_cast<const double*>(weights), static_cast<double*>(out), classes,
           count, replacement != 0);
  } else {
    sample(*generator, static_cast<const float*>(weights), static_cast<float*>(out), classes,
           count, replacement != 0);
  }
}

// How many draws `count` different classes take, the mean of ten trials; the generator stays.
BS_EXPORT void bs_draw_count(Twister* generator, const void* weights, void* out, int64_t classes,
                             int64_t count, int64_t seed, int64_t element_bytes) {
  make_ready(*generator, seed);
  if (element_bytes == 8) {
    *static_cast<double*>(out) =
        mean_draws(*generator, static_cast<const double*>(weights), classes, count);
  } else {
    *static_cast<float*>(out) =
        mean_draws(*generator, static_cast<const float*>(weights), classes, count);
  }
}
