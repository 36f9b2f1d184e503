// Sorting the sequences of a minibatch, and copying their samples to the columns that follow.
#include "layout.h"

void Layout::set_stream(const StreamView& stream, const Minibatch& batch) {
  const auto count = static_cast<int64_t>(batch.count);
  sort(count, [&](int64_t i) {
    return static_cast<int64_t>(batch.length(stream, static_cast<uint64_t>(i)));
  });
  for (int64_t rank = 0; rank < count; ++rank) {
    const auto i = static_cast<uint64_t>(order()[rank]);
    const bool whole = batch.pieces == nullptr;
    array(kLayoutBegins)[rank] = whole || batch.pieces[i].begin == 0;
    array(kLayoutEnds)[rank] =
        whole || batch.pieces[i].begin + batch.pieces[i].length ==
                     stream.length(batch.sequences[i]);
    slots()[rank] = static_cast<int64_t>(whole ? i : batch.pieces[i].slot);
  }
}

void Layout::set_first(const Layout& base) {
  const int64_t count = base.sequences();
  words_[kLayoutSteps] = 1;
  words_[kLayoutSequences] = count;
  offsets()[0] = 0;
  offsets()[1] = count;
  for (int64_t rank = 0; rank < count; ++rank) {
    lengths()[rank] = array(kLayoutBegins)[rank] = array(kLayoutEnds)[rank] = 1;
    order()[rank] = slots()[rank] = base.order()[rank];
    ranks()[base.order()[rank]] = rank;
  }
}

bool Layout::set_slice(const Layout& base, int64_t begin, int64_t end) {
  const int64_t count = base.sequences();
  const int64_t* const rank_of = base.ranks();
  bool kept = true;
  sort(count, [&](int64_t i) {
    const int64_t length = base.lengths()[rank_of[i]];
    const int64_t low = begin >= 0 ? begin : std::max<int64_t>(0, length + begin);
    const int64_t high = end > 0 ? std::min(end, length) : std::max<int64_t>(0, length + end);
    kept = kept && high > low;
    return std::max<int64_t>(0, high - low);
  });
  for (int64_t rank = 0; rank < count; ++rank) {
    array(kLayoutBegins)[rank] = array(kLayoutEnds)[rank] = 1;
    slots()[rank] = order()[rank];
  }
  return kept;
}

namespace {
template <class T>
void copy_sample(const StreamData& data, const T* values, uint64_t sample, T* to) {
  if (!data.sparse) {
    std::memcpy(to, values + sample * data.dim, data.dim * sizeof(T));
    return;
  }
  std::fill_n(to, data.dim, T(0));
  for (uint64_t e = data.entry[sample]; e < data.entry[sample + 1]; ++e) {
    to[data.rows.data()[e]] += values[e];
  }
}

template <class T>
void gather_ranks(const StreamView& stream, const T* values, const Minibatch& batch,
                  const Layout& layout, T* out, int64_t tid, int64_t nt) {
  const StreamData& data = *stream.data;
  const int64_t count = layout.sequences();
  const auto dim = static_cast<int64_t>(data.dim);
  for (int64_t rank = tid; rank < count; rank += nt) {
    const auto i = static_cast<uint64_t>(layout.order()[rank]);
    const uint64_t first = stream.begin(batch.sequences[i]) + batch.begin(i);
    const int64_t length = layout.lengths()[rank];
    for (int64_t t = 0; t < length; ++t) {
      T* const to = out + (layout.offsets()[t] + rank) * dim;
      copy_sample(data, values, first + static_cast<uint64_t>(t), to);
    }
  }
}
}  // namespace

void gather_packed(const StreamView& stream, const Minibatch& batch, const Layout& layout,
                   void* out, int64_t tid, int64_t nt) {
  const StreamData& data = *stream.data;
  if (data.element_bytes == 8) {
    gather_ranks(stream, data.doubles.data(), batch, layout, static_cast<double*>(out), tid, nt);
  } else {
    gather_ranks(stream, data.floats.data(), batch, layout, static_cast<float*>(out), tid, nt);
  }
}
