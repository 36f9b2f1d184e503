// Many minibatches of one step without Python: fetch, hand over, run, count.
#include <algorithm>
#include <chrono>
#include <cmath>

#include "api.h"
#include "data/layout.h"
#include "data/reader.h"
#include "data/sparse.h"
#include "pool.h"

namespace {
constexpr int64_t kColumnPadding = 16;

// Inputs larger than this are copied by all threads.
constexpr int64_t kShareBytes = 64 << 10;

int64_t padded(int64_t columns) {
  return (columns + kColumnPadding - 1) / kColumnPadding * kColumnPadding;
}

void write_scalar(void* at, int64_t element_bytes, double value) {
  if (at == nullptr) return;
  if (element_bytes == 8) {
    *static_cast<double*>(at) = value;
  } else {
    *static_cast<float*>(at) = static_cast<float>(value);
  }
}

// One call of bs_run_minibatches.
class Loop {
 public:
  Loop(Reader& reader, const bs_loop& plan) : reader_(reader), plan_(plan) {}

  Status minibatch(bs_progress& progress) {
    Minibatch batch;
    if (!reader_.peek(batch)) return kEndOfEpoch;
    const bool fits = measure(batch);
    for (int64_t axis = 0; axis < plan_.axes; ++axis) progress.last_columns[axis] = columns_[axis];
    if (!fits) return kNeedsCapacity;
    if (!lay_out(batch)) return kEmptySequence;
    counted_ = count(batch);
    hand_over(batch);
    run();
    if (!look_at_found()) return kComplaint;
    reader_.take();
    ++progress.minibatches;
    progress.samples += static_cast<int64_t>(batch.samples);
    progress.counted += counted_;
    for (int64_t axis = 0; axis < plan_.axes; ++axis) progress.columns[axis] += columns_[axis];
    return watched_is_finite() ? kDone : kOutOfTime;
  }

 private:
  const StreamView& stream(int64_t number) const {
    return reader_.corpus().streams[static_cast<size_t>(number)];
  }

  Layout layout(int64_t axis) const {
    return Layout(reinterpret_cast<int64_t*>(plan_.frame[kFrameColumns + plan_.axes + axis]));
  }

  // Columns per axis, or a bound of them; false when the buffers are too small.
  bool measure(const Minibatch& batch) {
    const auto sequences = static_cast<int64_t>(batch.count);
    const int64_t elements = sparse_elements(batch);
    bool fits = true;
    for (int64_t i = 0; i < plan_.axes; ++i) {
      const int64_t axis = plan_.order[i];
      const bs_axis& made = plan_.axis[axis];
      int64_t columns = sequences;
      if (made.kind == kAxisStream) {
        columns = static_cast<int64_t>(stream_columns(stream(made.source), batch));
      } else if (made.kind == kAxisSlice) {
        columns = columns_[made.source];
      } else if (made.kind == kAxisFound) {
        const int64_t most = std::min(made.end, elements);
        columns = made.begin == 0 ? most : made.begin * columns_[made.source];
      }
      columns_[axis] = columns;
      const bool rows = made.kind == kAxisFound && made.begin == 0;
      const int64_t needed = rows ? columns : std::max(columns, sequences);
      fits = fits && needed <= plan_.capacity[axis];
    }
    return fits;
  }

  // The elements of all sparse inputs.
  int64_t sparse_elements(const Minibatch& batch) const {
    uint64_t elements = 0;
    for (int64_t i = 0; i < plan_.input_count; ++i) {
      const bs_input& input = plan_.inputs[i];
      if (input.sparse != 0) elements += stream_elements(stream(input.stream), batch);
    }
    return static_cast<int64_t>(elements);
  }

  // The layout of each axis that is known before the step runs; false when a sequence gets no step.
  bool lay_out(const Minibatch& batch) {
    for (int64_t i = 0; i < plan_.axes; ++i) {
      const int64_t axis = plan_.order[i];
      const bs_axis& made = plan_.axis[axis];
      Layout mine = layout(axis);
      mine.complain(0);
      if (made.kind == kAxisFirst) {
        mine.set_first(layout(made.source));
      } else if (made.kind == kAxisSlice) {
        if (!mine.set_slice(layout(made.source), made.begin, made.end)) return false;
        columns_[axis] = mine.columns();
      } else if (made.kind == kAxisStream && batch.frames(stream(made.source))) {
        mine.set_frames(columns_[axis]);
      } else if (made.kind == kAxisStream) {
        mine.set_stream(stream(made.source), batch);
      }
      plan_.frame[kFrameColumns + axis] = columns_[axis];
    }
    return true;
  }

  // Takes in the columns of axes that the step has made; false when it complains of an axis.
  bool look_at_found() {
    bool good = true;
    for (int64_t axis = 0; axis < plan_.axes; ++axis) {
      if (plan_.axis[axis].kind == kAxisFound) columns_[axis] = layout(axis).found();
      good = good && layout(axis).complaint() == 0;
    }
    return good;
  }

  bool watched_is_finite() const {
    if (plan_.watched_at == nullptr) return true;
    const void* at = plan_.watched_at;
    if (plan_.element_bytes == 8) return std::isfinite(*static_cast<const double*>(at));
    return std::isfinite(*static_cast<const float*>(at));
  }

  // The samples that momentum and regularisation go by.
  int64_t count(const Minibatch& batch) const {
    if (plan_.counted_axis >= 0) return columns_[plan_.counted_axis];
    if (plan_.counted_stream_count == 0) return static_cast<int64_t>(batch.samples);
    uint64_t most = 0;
    for (int64_t i = 0; i < plan_.counted_stream_count; ++i) {
      const uint64_t packed = packed_columns(stream(plan_.counted_streams[i]), batch);
      most = packed > most ? packed : most;
    }
    return static_cast<int64_t>(most);
  }

  // Threads fill the inputs together: the share of one of them, and the same as a job of the pool.
  void fill(int64_t tid, int64_t nt) const {
    char* arena = reinterpret_cast<char*>(plan_.frame[kFrameArena]);
    for (int64_t i = 0; i < plan_.input_count; ++i) {
      const bs_input& input = plan_.inputs[i];
      int64_t offset = input.base;
      for (int64_t axis = 0; axis < plan_.axes; ++axis) {
        offset += input.coefficients[axis] * padded(columns_[axis]);
      }
      const StreamView& from = stream(input.stream);
      auto* const samples = reinterpret_cast<bs_sample*>(arena + offset);
      if (input.sparse != 0 && batch_->frames(from)) {
        refer(from, *batch_, samples, tid, nt);
      } else if (input.sparse != 0) {
        refer_packed(from, *batch_, layout(input.axis), samples, tid, nt);
      } else if (batch_->frames(from)) {
        gather_share(from, *batch_, arena + offset, tid, nt);
      } else {
        gather_packed(from, *batch_, layout(input.axis), arena + offset, tid, nt);
      }
    }
  }

  static void fill_share(void* loop, int64_t tid, int64_t nt) {
    static_cast<const Loop*>(loop)->fill(tid, nt);
  }

  int64_t input_bytes() const {
    int64_t bytes = 0;
    for (int64_t i = 0; i < plan_.input_count; ++i) {
      const bs_input& input = plan_.inputs[i];
      const uint64_t dim = stream(input.stream).data->dim;
      bytes += input.sparse != 0 ? sizeof(bs_sample) : dim * plan_.element_bytes;
    }
    return bytes * static_cast<int64_t>(batch_->samples);
  }

  void hand_over(const Minibatch& batch) {
    batch_ = &batch;
    if (plan_.pool != nullptr && plan_.threads != 1 && input_bytes() > kShareBytes) {
      static_cast<Pool*>(plan_.pool)->run(fill_share, this, plan_.threads);
    } else {
      fill(0, 1);
    }
    const double samples = static_cast<double>(counted_);
    write_scalar(plan_.learning_rate_at, plan_.element_bytes, plan_.learning_rate);
    write_scalar(plan_.momentum_at, plan_.element_bytes, momentum(samples));
    write_scalar(plan_.samples_at, plan_.element_bytes, samples);
  }

  // momentum_per_sample ^ N; N rarely changes, so the last power is kept.
  double momentum(double samples) {
    if (samples != power_of_) {
      power_of_ = samples;
      power_ = std::pow(plan_.momentum_per_sample, samples);
    }
    return power_;
  }

  void run() {
    if (plan_.pool == nullptr || plan_.threads == 1) {
      plan_.step(plan_.frame, 0, 1);
    } else {
      static_cast<Pool*>(plan_.pool)->run(plan_.step, plan_.frame, plan_.threads);
    }
  }

  Reader& reader_;
  const bs_loop& plan_;
  const Minibatch* batch_ = nullptr;
  int64_t columns_[kMaxAxes] = {};
  int64_t counted_ = 0;
  double power_of_ = -1;
  double power_ = 0;
};
}  // namespace

// Runs up to `count` minibatches, at least one, and stops early at the end of the epoch, before one
// that does not fit, when `seconds` (0: no limit) are over, or when the watched scalar is not
// finite.
BS_EXPORT void bs_run_minibatches(void* reader, const bs_loop* plan, int64_t count, double seconds,
                                  bs_progress* progress) {
  *progress = {};
  try {
    using Clock = std::chrono::steady_clock;
    const auto end = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                        std::chrono::duration<double>(seconds));
    Loop loop(*static_cast<Reader*>(reader), *plan);
    Status status = kDone;
    while (status == kDone && progress->minibatches < count) {
      if (seconds > 0 && progress->minibatches > 0 && Clock::now() >= end) {
        status = kOutOfTime;
      } else {
        status = loop.minibatch(*progress);
      }
    }
    progress->status = status;
  } catch (const std::exception&) {
    progress->status = kNoMemory;
  }
}

// Sizes of the structures of api.h in the order of their declaration, for the check in Python.
BS_EXPORT void bs_abi_sizes(int64_t* out) {
  constexpr size_t kSizes[] = {sizeof(bs_stream_spec),   sizeof(bs_text_options), sizeof(bs_remark),
                               sizeof(bs_order_options), sizeof(bs_minibatch),    sizeof(bs_input),
                               sizeof(bs_loop),          sizeof(bs_progress),
                               sizeof(bs_piece),        sizeof(bs_axis)};
  for (size_t size : kSizes) *out++ = static_cast<int64_t>(size);
}
