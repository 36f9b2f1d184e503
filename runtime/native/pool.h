// A pool of threads that run one compiled step together (SPMD), with a barrier inside the step.
#pragma once

#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "api.h"
#include "wait.h"

// Arrivals of the current phase and the number of phases completed.
struct Barrier {
  alignas(64) std::atomic<uint32_t> arrived{0};
  WaitWord phase;

  void wait(int64_t threads);
};

class Pool {
 public:
  explicit Pool(int64_t threads);
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  int64_t size() const { return size_; }
  Barrier* barrier() { return &barrier_; }

  // Runs step(frame, tid, nt) on `threads` threads (0: all) and returns when all are done.
  void run(StepFunction step, void* frame, int64_t threads);

 private:
  void work(int64_t tid);
  bool threads_survive() const;

  int64_t size_;
  uint64_t forks_;
  std::mutex running_;
  StepFunction step_ = nullptr;
  void* frame_ = nullptr;
  int64_t active_ = 0;
  bool stop_ = false;
  WaitWord left_;
  std::unique_ptr<WaitWord[]> tickets_;
  Barrier barrier_;
  std::vector<std::thread> workers_;
};
