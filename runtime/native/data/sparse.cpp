// Sparse samples: where their elements lie, and which columns of a table they touch.
#include "sparse.h"

namespace {
bs_sample sample_of(const StreamData& data, uint64_t sample) {
  const uint64_t first = data.entry[sample];
  const void* const values = data.element_bytes == 8
                                 ? static_cast<const void*>(data.doubles.data() + first)
                                 : static_cast<const void*>(data.floats.data() + first);
  const auto count = static_cast<int64_t>(data.entry[sample + 1] - first);
  return {data.rows.data() + first, values, count};
}

uint64_t first_sample(const StreamView& stream, const Minibatch& batch, uint64_t i) {
  return stream.begin(batch.sequences[i]) + batch.begin(i);
}
}  // namespace

uint64_t stream_elements(const StreamView& stream, const Minibatch& batch) {
  const StreamData& data = *stream.data;
  uint64_t elements = 0;
  for (uint64_t i = 0; i < batch.count; ++i) {
    const uint64_t first = first_sample(stream, batch, i);
    elements += data.entry[first + batch.length(stream, i)] - data.entry[first];
  }
  return elements;
}

void refer(const StreamView& stream, const Minibatch& batch, bs_sample* out, int64_t tid,
           int64_t nt) {
  const auto threads = static_cast<uint64_t>(nt);
  const uint64_t first = batch.count * static_cast<uint64_t>(tid) / threads;
  const uint64_t last = batch.count * static_cast<uint64_t>(tid + 1) / threads;
  for (uint64_t i = first; i < last; ++i) {
    out[i] = sample_of(*stream.data, first_sample(stream, batch, i));
  }
}

void refer_packed(const StreamView& stream, const Minibatch& batch, const Layout& layout,
                  bs_sample* out, int64_t tid, int64_t nt) {
  for (int64_t rank = tid; rank < layout.sequences(); rank += nt) {
    const auto i = static_cast<uint64_t>(layout.order()[rank]);
    const uint64_t first = first_sample(stream, batch, i);
    for (int64_t t = 0; t < layout.lengths()[rank]; ++t) {
      out[layout.offsets()[t] + rank] = sample_of(*stream.data, first + static_cast<uint64_t>(t));
    }
  }
}

namespace {
// The columns that samples touch, each once. `slots_` may hold anything: a column is known if it
// stands in the list where its slot says.
class Rows {
 public:
  void start(size_t width) {
    if (slots_.size() < width) slots_.resize(width);
    list_.clear();
  }

  // Whether the column is a new one.
  bool add(int32_t row) {
    const auto at = static_cast<size_t>(slots_[static_cast<size_t>(row)]);
    if (at < list_.size() && list_[at] == row) return false;
    slots_[static_cast<size_t>(row)] = static_cast<int32_t>(list_.size());
    list_.push_back(row);
    return true;
  }

  int64_t count() const { return static_cast<int64_t>(list_.size()); }

 private:
  std::vector<int32_t> slots_;
  std::vector<int32_t> list_;
};

constexpr int64_t kTooMany = 2;

template <class T>
void list_rows(Rows& rows, Layout& found, const bs_sample* samples, int64_t columns, int64_t width,
               T* out) {
  for (int64_t i = 0; i < columns; ++i) {
    for (int64_t e = 0; e < samples[i].count; ++e) {
      const auto row = static_cast<int32_t>(samples[i].rows[e] % width);
      if (!rows.add(row)) continue;
      if (rows.count() > found.capacity()) return found.complain(kTooMany);
      out[rows.count() - 1] = static_cast<T>(row);
    }
  }
}
}  // namespace

// The columns of a table of `width` that samples touch, in the order of their use, to `out`, and how
// many to the layout of their axis. They follow those of the call before unless it `begins`.
BS_EXPORT void bs_find_rows(int64_t* found, const bs_sample* samples, int64_t columns,
                            int64_t width, void* out, int64_t element_bytes, int64_t begins) {
  thread_local Rows rows;
  Layout layout(found);
  if (begins != 0) rows.start(static_cast<size_t>(width));
  if (element_bytes == 8) {
    list_rows(rows, layout, samples, columns, width, static_cast<double*>(out));
  } else {
    list_rows(rows, layout, samples, columns, width, static_cast<float*>(out));
  }
  found[kLayoutSteps] = 1;
  layout.offsets()[0] = 0;
  layout.set_frames(std::min(rows.count(), layout.capacity()));
  layout.publish();
}
