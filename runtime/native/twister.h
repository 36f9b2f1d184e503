// The 64-bit Mersenne Twister (the generator of the standard's mt19937_64) with its state in the
// open: 312 words and the position, so that a checkpoint can hold it.
#pragma once

#include <cstdint>

struct Twister {
  static constexpr int kWords = 312;
  uint64_t word[kWords];
  uint64_t position;

  void seed(uint64_t value) {
    word[0] = value;
    for (int i = 1; i < kWords; ++i) {
      word[i] =
          6364136223846793005u * (word[i - 1] ^ (word[i - 1] >> 62)) + static_cast<uint64_t>(i);
    }
    position = kWords;
  }

  uint64_t next() {
    if (position >= kWords) refill();
    uint64_t x = word[position++];
    x ^= (x >> 29) & 0x5555555555555555u;
    x ^= (x << 17) & 0x71D67FFFEDA60000u;
    x ^= (x << 37) & 0xFFF7EEE000000000u;
    return x ^ (x >> 43);
  }

 private:
  void refill() {
    constexpr int kShift = 156;
    for (int i = 0; i < kWords; ++i) {
      const int following = i + 1 < kWords ? i + 1 : 0;
      const int partner = i + kShift < kWords ? i + kShift : i + kShift - kWords;
      const uint64_t x = (word[i] & 0xFFFFFFFF80000000u) | (word[following] & 0x7FFFFFFFu);
      word[i] = word[partner] ^ (x >> 1) ^ ((x & 1) != 0 ? 0xB5026F5AA96619E9u : 0);
    }
    position = 0;
  }
};
