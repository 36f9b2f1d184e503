// The thread pool. Each worker waits on a ticket of its own, so a run wakes only those it needs.
#include "pool.h"

#include <pthread.h>

#include <new>

namespace {
// Counts forks seen by this process: the threads of a pool made before a fork exist only in the
// parent.
std::atomic<uint64_t> forks{0};

void watch_forks() {
  static const bool once = [] {
    pthread_atfork(nullptr, nullptr, [] { forks.fetch_add(1); });
    return true;
  }();
  (void)once;
}
}  // namespace

void Barrier::wait(int64_t threads) {
  if (threads <= 1) return;
  const uint32_t old = phase.value.load();
  if (arrived.fetch_add(1) + 1 == static_cast<uint32_t>(threads)) {
    arrived.store(0);
    phase.value.fetch_add(1);
    phase.wake();
  } else {
    phase.wait_while_equal(old);
  }
}

Pool::Pool(int64_t threads)
    : size_(threads < 1 ? 1 : threads), tickets_(new WaitWord[static_cast<size_t>(size_)]) {
  watch_forks();
  forks_ = forks.load();
  try {
    for (int64_t tid = 1; tid < size_; ++tid) workers_.emplace_back([this, tid] { work(tid); });
  } catch (const std::exception&) {
    size_ = static_cast<int64_t>(workers_.size()) + 1;  // the system gives no more threads
  }
}

Pool::~Pool() {
  if (!threads_survive()) {
    for (auto& worker : workers_) worker.detach();
    return;
  }
  stop_ = true;
  for (int64_t tid = 1; tid < size_; ++tid) {
    tickets_[tid].value.fetch_add(1);
    tickets_[tid].wake();
  }
  for (auto& worker : workers_) worker.join();
}

bool Pool::threads_survive() const { return forks_ == forks.load(std::memory_order_relaxed); }

void Pool::work(int64_t tid) {
  uint32_t seen = 0;
  WaitWord& ticket = tickets_[tid];
  for (;;) {
    ticket.wait_while_equal(seen);
    seen = ticket.value.load();
    if (stop_) return;
    step_(frame_, tid, active_);
    if (left_.value.fetch_sub(1) == 1) left_.wake();
  }
}

void Pool::run(StepFunction step, void* frame, int64_t threads) {
  const int64_t active = threads < 1 || threads > size_ ? size_ : threads;
  if (active == 1 || !threads_survive()) {
    step(frame, 0, 1);
    return;
  }
  std::lock_guard<std::mutex> lock(running_);
  step_ = step;
  frame_ = frame;
  active_ = active;
  left_.value.store(static_cast<uint32_t>(active - 1));
  for (int64_t tid = 1; tid < active; ++tid) {
    tickets_[tid].value.fetch_add(1);
    tickets_[tid].wake();
  }
  step(frame, 0, active);
  for (uint32_t left = left_.value.load(); left != 0; left = left_.value.load()) {
    left_.wait_while_equal(left);
  }
}

BS_EXPORT int64_t bs_abi_version() { return kAbiVersion; }

BS_EXPORT void* bs_pool_create(int64_t threads) {
  try {
    return new Pool(threads);
  } catch (const std::exception&) {
    return nullptr;
  }
}

BS_EXPORT void bs_pool_destroy(void* pool) { delete static_cast<Pool*>(pool); }

BS_EXPORT int64_t bs_pool_size(void* pool) { return static_cast<Pool*>(pool)->size(); }

BS_EXPORT void* bs_pool_barrier(void* pool) { return static_cast<Pool*>(pool)->barrier(); }

BS_EXPORT void bs_barrier(void* barrier, int64_t, int64_t threads) {
  static_cast<Barrier*>(barrier)->wait(threads);
}

BS_EXPORT void bs_run_step(void* pool, StepFunction step, void* frame) {
  static_cast<Pool*>(pool)->run(step, frame, 0);
}

// The same on at most `threads` threads: small steps are faster on one.
BS_EXPORT void bs_run_step_on(void* pool, StepFunction step, void* frame, int64_t threads) {
  static_cast<Pool*>(pool)->run(step, frame, threads);
}

namespace {
void nothing(void*, int64_t, int64_t) {}
void three_barriers(void* barrier, int64_t, int64_t threads) {
  for (int i = 0; i < 3; ++i) static_cast<Barrier*>(barrier)->wait(threads);
}
void mark(void* frame, int64_t tid, int64_t threads) {
  auto* words = static_cast<int64_t*>(frame);
  auto* barrier = reinterpret_cast<Barrier*>(words[kFrameBarrier]);
  int64_t* table = words + kFrameColumns;
  table[tid] = threads;
  barrier->wait(threads);
  int64_t sum = 0;
  for (int64_t i = 0; i < threads; ++i) sum += table[i];
  barrier->wait(threads);
  table[tid] = sum;
}
}  // namespace

// Seconds for one empty run, and for one with three barriers: `bench` and the tests look at it.
BS_EXPORT double bs_pool_latency(void* handle, int64_t repeats, int64_t barriers) {
  Pool* pool = static_cast<Pool*>(handle);
  const auto start = std::chrono::steady_clock::now();
  for (int64_t i = 0; i < repeats; ++i) {
    pool->run(barriers ? three_barriers : nothing, pool->barrier(), 0);
  }
  const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
  return time.count() / static_cast<double>(repeats < 1 ? 1 : repeats);
}

// A step that does nothing, to time what is around steps.
BS_EXPORT StepFunction bs_idle_step() { return nothing; }

// A step that checks the pool: every thread ends with the sum over all threads of their count.
BS_EXPORT StepFunction bs_pool_test_step() { return mark; }
