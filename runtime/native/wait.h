// Waiting for a word in memory to change: spin for a short while, then sleep in the kernel.
#pragma once

#include <atomic>
#include <chrono>
#include <climits>
#include <cstdint>
#include <thread>

#if defined(__linux__)
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>
#else
#include <condition_variable>
#include <mutex>
#endif

#if defined(__x86_64__)
#include <immintrin.h>
#endif

// Longer than most waits at a barrier inside a step: to be woken takes some 50 microseconds, and a
// step of one millisecond has six barriers (at 20 it took 1.02 ms, at 200 0.88 ms).
constexpr std::chrono::microseconds kSpinTime{200};

// From here on a spinning thread offers its core: the one it waits for may have been put there too,
// and could otherwise not run until the spinning is over.
constexpr std::chrono::microseconds kOfferTime{10};

inline void relax() {
#if defined(__x86_64__)
  _mm_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

#if defined(__linux__)
inline void sleep_while_equal(std::atomic<uint32_t>& word, uint32_t old) {
  syscall(SYS_futex, reinterpret_cast<uint32_t*>(&word), FUTEX_WAIT_PRIVATE, old, nullptr, nullptr,
          0);
}
inline void wake_sleepers(std::atomic<uint32_t>& word) {
  syscall(SYS_futex, reinterpret_cast<uint32_t*>(&word), FUTEX_WAKE_PRIVATE, INT_MAX, nullptr,
          nullptr, 0);
}
#else
struct ParkingLot {
  std::mutex mutex;
  std::condition_variable changed;
};
inline ParkingLot& parking_lot() {
  static ParkingLot* lot = new ParkingLot;  // never destroyed: sleepers may outlive static objects
  return *lot;
}
inline void sleep_while_equal(std::atomic<uint32_t>& word, uint32_t old) {
  std::unique_lock<std::mutex> lock(parking_lot().mutex);
  parking_lot().changed.wait(lock, [&] { return word.load() != old; });
}
inline void wake_sleepers(std::atomic<uint32_t>&) {
  std::lock_guard<std::mutex> lock(parking_lot().mutex);
  parking_lot().changed.notify_all();
}
#endif

// A word with the number of threads that sleep on it. Stores and the sleeper count are sequentially
// consistent: either the waker sees the sleeper, or the sleeper sees the new value.
struct alignas(64) WaitWord {
  std::atomic<uint32_t> value{0};
  std::atomic<uint32_t> sleepers{0};

  void wake() {
    if (sleepers.load() != 0) wake_sleepers(value);
  }

  // Returns once the value differs from `old`.
  void wait_while_equal(uint32_t old) {
    if (spin(old)) return;
    sleepers.fetch_add(1);
    while (value.load() == old) sleep_while_equal(value, old);
    sleepers.fetch_sub(1);
  }

 private:
  bool spin(uint32_t old) {
    for (int i = 0; i < 64; ++i) {
      if (value.load(std::memory_order_acquire) != old) return true;
      relax();
    }
    const auto start = std::chrono::steady_clock::now();
    for (auto now = start; now < start + kSpinTime; now = std::chrono::steady_clock::now()) {
      for (int i = 0; i < 16; ++i) {
        if (value.load(std::memory_order_acquire) != old) return true;
        relax();
      }
      if (now > start + kOfferTime) std::this_thread::yield();
    }
    return false;
  }
};
