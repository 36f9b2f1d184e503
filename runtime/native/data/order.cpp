// CNTK's BlockRandomizer: chunks are shuffled, then sequences among the chunks of a sliding window.
#include <algorithm>
#include <numeric>

#include "../twister.h"
#include "reader.h"

namespace {
// A chunk at its shuffled place: its sequences get the positions first .. first + count - 1, its
// samples start at `start`; sequences may come from the chunks begin .. end - 1.
struct Place {
  uint32_t chunk;
  uint64_t first;
  uint64_t count;
  uint64_t start;
  uint64_t samples;
  uint64_t begin;
  uint64_t end;
};

// Swaps every entry with one of the whole range: not a fair shuffle, but CNTK's.
std::vector<uint32_t> shuffled_chunks(uint64_t count, uint64_t seed) {
  Twister generator;
  generator.seed(seed);
  std::vector<uint32_t> chunks(count);
  std::iota(chunks.begin(), chunks.end(), 0u);
  for (uint64_t i = 0; i < count; ++i) std::swap(chunks[i], chunks[generator.next() % count]);
  return chunks;
}

std::vector<Place> places_of(const Corpus& corpus, const std::vector<uint32_t>& chunks) {
  std::vector<Place> places;
  uint64_t first = 0;
  uint64_t start = 0;
  for (uint32_t chunk : chunks) {
    Place place{chunk, first, corpus.chunks[chunk + 1] - corpus.chunks[chunk], start, 0, 0, 0};
    for (uint64_t s = corpus.chunks[chunk]; s < corpus.chunks[chunk + 1]; ++s) {
      place.samples += corpus.lengths[s];
    }
    first += place.count;
    start += place.samples;
    places.push_back(place);
  }
  return places;
}

void windows_in_chunks(std::vector<Place>& places, uint64_t window) {
  const uint64_t count = places.size();
  const uint64_t half = window / 2;
  const uint64_t width = std::max<uint64_t>(window, 1);
  for (uint64_t i = 0; i < count; ++i) {
    places[i].begin = i > half ? i - half : 0;
    places[i].end = width > count - places[i].begin ? count + 1 : places[i].begin + width;
    if (places[i].end > count) {
      places[i].end = count;
      places[i].begin = count > window ? count - window : 0;
    }
  }
}

void windows_in_samples(std::vector<Place>& places, uint64_t window) {
  const uint64_t half = window / 2;
  uint64_t begin = 0;
  uint64_t end = 1;
  for (uint64_t i = 0; i < places.size(); ++i) {
    while (begin < i && places[i].start - places[begin].start > half) ++begin;
    end = std::max(end, i + 1);
    while (end < places.size() &&
           places[end].start + places[end].samples - places[i].start < half) {
      ++end;
    }
    places[i].begin = begin;
    places[i].end = end;
  }
}

bool may_live(uint64_t from, const Place& place) { return place.begin <= from && from < place.end; }

// x % divisor by a multiplication, for many x.
struct Remainder {
  uint64_t divisor;
  uint64_t reciprocal;  // floor((2^64 - 1) / divisor)

  explicit Remainder(uint64_t d) : divisor(d), reciprocal(UINT64_MAX / d) {}
  uint64_t operator()(uint64_t x) const {
    __extension__ using Wide = unsigned __int128;
    const auto quotient = static_cast<uint64_t>(static_cast<Wide>(x) * reciprocal >> 64);
    uint64_t rest = x - quotient * divisor;
    while (rest >= divisor) rest -= divisor;
    return rest;
  }
};

bool all_in_one_window(const std::vector<Place>& places) {
  return std::all_of(places.begin(), places.end(), [&](const Place& place) {
    return place.begin == 0 && place.end == places.size();
  });
}

// One window over everything: each position swaps with any other.
void shuffle_all(uint64_t seed, std::vector<uint32_t>& order) {
  Twister generator;
  generator.seed(seed);
  const Remainder remainder(order.size());
  for (uint32_t& entry : order) std::swap(entry, order[remainder(generator.next())]);
}

// Every position swaps with a random one of its window, if both sequences may live there.
void shuffle_sequences(const std::vector<Place>& places, uint64_t seed,
                       std::vector<uint32_t>& order, std::vector<uint32_t>& home) {
  Twister generator;
  generator.seed(seed);
  const std::vector<uint32_t> place_at = home;
  for (const Place& here : places) {
    const uint64_t first = places[here.begin].first;
    const Place& last = places[here.end - 1];
    const Remainder remainder(last.first + last.count - first);
    for (uint64_t t = here.first; t < here.first + here.count; ++t) {
      uint64_t j;
      do {
        j = first + remainder(generator.next());
      } while (!may_live(home[j], here) || !may_live(home[t], places[place_at[j]]));
      std::swap(order[t], order[j]);
      std::swap(home[t], home[j]);
    }
  }
}
}  // namespace

std::vector<uint32_t> sweep_order(const Corpus& corpus, const OrderOptions& options,
                                  uint64_t sweep) {
  std::vector<uint32_t> order(corpus.sequences());
  std::iota(order.begin(), order.end(), 0u);
  if (!options.randomize || order.empty()) return order;
  const uint64_t seed = options.seed + sweep;
  std::vector<Place> places = places_of(corpus, shuffled_chunks(corpus.chunks.size() - 1, seed));
  if (options.window_in_samples) {
    windows_in_samples(places, options.window);
  } else {
    windows_in_chunks(places, options.window);
  }
  std::vector<uint32_t> home(order.size());  // shuffled place of the chunk a sequence comes from
  for (uint32_t i = 0; i < places.size(); ++i) {
    const Place& place = places[i];
    const auto to = static_cast<std::ptrdiff_t>(place.first);
    const auto count = static_cast<std::ptrdiff_t>(place.count);
    std::iota(order.begin() + to, order.begin() + to + count, corpus.chunks[place.chunk]);
    std::fill_n(home.begin() + to, count, i);
  }
  if (all_in_one_window(places)) {
    shuffle_all(seed, order);
  } else {
    shuffle_sequences(places, seed, order, home);
  }
  return order;
}
