// Epochs and minibatches, and the copy of their samples into dense rows.
#include "reader.h"

#include "sparse.h"

#include <algorithm>

Reader::Reader(const Corpus& corpus, OrderOptions options) : corpus_(corpus), options_(options) {
  for (uint32_t length : corpus.lengths) sweep_samples_ += length;
}

void Reader::load_sweep(uint64_t sweep) {
  next_ = 0;
  position_ = 0;
  if (loaded_ && (sweep == sweep_ || !options_.randomize)) {
    sweep_ = sweep;
    return;
  }
  loaded_ = false;
  order_ = sweep_order(corpus_, options_, sweep);
  sweep_ = sweep;
  loaded_ = true;
}

void Reader::start_epoch(uint64_t epoch, uint64_t size, uint64_t minibatch_size) {
  ready_ = advance_ = false;
  rows_.clear();
  if (truncation_ != 0) rows_.resize(std::max<uint64_t>(1, minibatch_size / truncation_));
  left_ = 0;
  if (sweep_samples_ == 0) return;
  const uint64_t length = size == 0 ? sweep_samples_ : size;
  const uint64_t begin = epoch * length;
  load_sweep(begin / sweep_samples_);
  const uint64_t offset = begin % sweep_samples_;
  while (next_ < order_.size() && position_ < offset) position_ += corpus_.lengths[order_[next_++]];
  minibatch_size_ = std::max<uint64_t>(minibatch_size, 1);
  const uint64_t late = position_ - offset;  // a sequence of the epoch before reaches into this one
  left_ = late >= length ? 0 : length - late;
}

// Consumes the current minibatch.
void Reader::move_on() {
  advance_ = ready_ = false;
  if (truncation_ == 0) advance(current_.count, current_.samples);
}

// The next sequences of the sweep are taken.
void Reader::advance(uint64_t count, uint64_t samples) {
  next_ += count;
  position_ += samples;
  left_ -= std::min(left_, samples);
}

bool Reader::peek(Minibatch& out) {
  if (advance_ && ready_) move_on();
  advance_ = false;
  if (!ready_ && truncation_ != 0) {
    if (!peek_pieces()) return false;
    ready_ = true;
  }
  if (!ready_) {
    if (left_ == 0) return false;
    if (next_ == order_.size()) load_sweep(sweep_ + 1);
    const uint64_t most = group_ != 0 ? left_ : std::min(minibatch_size_, left_);
    const uint64_t last = group_ != 0 ? std::min(next_ + group_, order_.size()) : order_.size();
    uint64_t end = next_;
    uint64_t samples = 0;
    while (end < last) {
      const uint64_t length = corpus_.lengths[order_[end]];
      if (end > next_ && samples + length > most) break;
      samples += length;
      ++end;
    }
    current_ = {order_.data() + next_, end - next_, samples, sweep_, nullptr, 0, 0};
    ready_ = true;
  }
  out = current_;
  return true;
}

uint64_t stream_columns(const StreamView& stream, const Minibatch& batch) {
  if (batch.frames(stream)) return batch.count;
  uint64_t columns = 0;
  for (uint64_t i = 0; i < batch.count; ++i) columns += batch.length(stream, i);
  return columns;
}

uint64_t packed_columns(const StreamView& stream, const Minibatch& batch) {
  if (batch.pieces != nullptr) return batch.rows * batch.width;
  if (stream.single) return batch.count;
  uint64_t width = 0;
  for (uint64_t i = 0; i < batch.count; ++i)
    width = std::max(width, stream.length(batch.sequences[i]));
  std::vector<uint64_t> rows;
  uint64_t open = 0;  // rows before it are full
  for (uint64_t i = 0; i < batch.count; ++i) {
    const uint64_t length = stream.length(batch.sequences[i]);
    while (open < rows.size() && rows[open] == width) ++open;
    uint64_t row = open;
    while (row < rows.size() && rows[row] + length > width) ++row;
    if (row == rows.size()) rows.push_back(0);
    rows[row] += length;
  }
  return rows.size() * width;
}

namespace {
template <class T>
T* copy_dense(const StreamData& data, const T* values, uint64_t sample, T* to) {
  std::memcpy(to, values + sample * data.dim, data.dim * sizeof(T));
  return to + data.dim;
}

// Entries of one row that occur twice add up.
template <class T>
T* copy_sparse(const StreamData& data, const T* values, uint64_t sample, T* to) {
  std::fill_n(to, data.dim, T(0));
  for (uint64_t e = data.entry[sample]; e < data.entry[sample + 1]; ++e) {
    to[data.rows.data()[e]] += values[e];
  }
  return to + data.dim;
}

// One sample per sequence and few values per sample: no call for each row.
template <int kDim, class T>
void copy_rows(const StreamView& stream, const T* values, const Minibatch& batch, T* to) {
  for (uint64_t i = 0; i < batch.count; ++i, to += kDim) {
    const T* from = values + stream.source(batch.sequences[i]) * kDim;
    for (int k = 0; k < kDim; ++k) to[k] = from[k];
  }
}

template <class T>
bool gather_small(const StreamView& stream, const T* values, const Minibatch& batch, T* to) {
  if (!stream.single || stream.data->sparse) return false;
  switch (stream.data->dim) {
    case 1:
      copy_rows<1>(stream, values, batch, to);
      return true;
    case 2:
      copy_rows<2>(stream, values, batch, to);
      return true;
    case 3:
      copy_rows<3>(stream, values, batch, to);
      return true;
    case 4:
      copy_rows<4>(stream, values, batch, to);
      return true;
    case 8:
      copy_rows<8>(stream, values, batch, to);
      return true;
    default:
      return false;
  }
}

template <class T>
void gather_as(const StreamView& stream, const T* values, const Minibatch& batch, T* to) {
  if (gather_small(stream, values, batch, to)) return;
  const StreamData& data = *stream.data;
  for (uint64_t i = 0; i < batch.count; ++i) {
    const uint64_t first = stream.begin(batch.sequences[i]);
    to = data.sparse ? copy_sparse(data, values, first, to) : copy_dense(data, values, first, to);
  }
}
}  // namespace

void gather(const StreamView& stream, const Minibatch& batch, void* out) {
  const StreamData& data = *stream.data;
  if (data.element_bytes == 8) {
    gather_as(stream, data.doubles.data(), batch, static_cast<double*>(out));
  } else {
    gather_as(stream, data.floats.data(), batch, static_cast<float*>(out));
  }
}

void gather_share(const StreamView& stream, const Minibatch& batch, void* out, int64_t tid,
                  int64_t nt) {
  const uint64_t first = batch.count * tid / nt;
  const uint64_t last = batch.count * (tid + 1) / nt;
  Minibatch share = batch;
  share.sequences += first;
  share.count = share.samples = last - first;
  const StreamData& data = *stream.data;
  gather(stream, share, static_cast<char*>(out) + first * data.dim * data.element_bytes);
}

namespace {
OrderOptions options_from(const bs_order_options* options) {
  return {options->randomize != 0, static_cast<uint64_t>(options->window),
          options->window_in_samples != 0, static_cast<uint64_t>(options->seed)};
}

Reader& reader_of(void* handle) { return *static_cast<Reader*>(handle); }

const StreamView& stream_of(void* handle, int64_t stream) {
  return reader_of(handle).corpus().streams[static_cast<size_t>(stream)];
}

Minibatch batch_from(const bs_minibatch* batch) {
  return {batch->sequences,
          static_cast<uint64_t>(batch->count),
          static_cast<uint64_t>(batch->samples),
          static_cast<uint64_t>(batch->sweep),
          batch->pieces,
          static_cast<uint64_t>(batch->rows),
          static_cast<uint64_t>(batch->width)};
}
}  // namespace

// Writes the order of one sweep: as many entries as the corpus has sequences.
BS_EXPORT int64_t bs_sweep_order(const void* corpus, const bs_order_options* options, int64_t sweep,
                                 uint32_t* out) {
  try {
    const auto order = sweep_order(*static_cast<const Corpus*>(corpus), options_from(options),
                                   static_cast<uint64_t>(sweep));
    std::copy(order.begin(), order.end(), out);
    return kDone;
  } catch (const std::exception&) {
    return kNoMemory;
  }
}

// The corpus must outlive the reader. Null when memory is short.
BS_EXPORT void* bs_reader_create(const void* corpus, const bs_order_options* options) {
  try {
    return new Reader(*static_cast<const Corpus*>(corpus), options_from(options));
  } catch (const std::exception&) {
    return nullptr;
  }
}

BS_EXPORT void bs_reader_free(void* reader) { delete static_cast<Reader*>(reader); }

BS_EXPORT int64_t bs_reader_start_epoch(void* reader, int64_t epoch, int64_t size,
                                        int64_t minibatch_size) {
  try {
    reader_of(reader).start_epoch(static_cast<uint64_t>(epoch), static_cast<uint64_t>(size),
                                  static_cast<uint64_t>(minibatch_size));
    return kDone;
  } catch (const std::exception&) {
    return kNoMemory;
  }
}

// The next minibatch; its sequence numbers stay valid until the call after.
BS_EXPORT int64_t bs_reader_next(void* reader, bs_minibatch* out) {
  try {
    Minibatch batch;
    if (!reader_of(reader).peek(batch)) return kEndOfEpoch;
    reader_of(reader).take();
    *out = {batch.sequences,
            static_cast<int64_t>(batch.count),
            static_cast<int64_t>(batch.samples),
            static_cast<int64_t>(batch.sweep),
            batch.pieces,
            static_cast<int64_t>(batch.rows),
            static_cast<int64_t>(batch.width)};
    return kDone;
  } catch (const std::exception&) {
    return kNoMemory;
  }
}

// Columns of a stream in a minibatch: out[0] samples, out[1] columns when packed with gaps.
BS_EXPORT int64_t bs_reader_columns(void* reader, int64_t stream, const bs_minibatch* batch,
                                    int64_t* out) {
  try {
    out[0] = static_cast<int64_t>(stream_columns(stream_of(reader, stream), batch_from(batch)));
    out[1] = static_cast<int64_t>(packed_columns(stream_of(reader, stream), batch_from(batch)));
    return kDone;
  } catch (const std::exception&) {
    return kNoMemory;
  }
}

// Samples of each sequence of a minibatch in a stream.
BS_EXPORT void bs_reader_lengths(void* reader, int64_t stream, const bs_minibatch* batch,
                                 int64_t* out) {
  const StreamView& view = stream_of(reader, stream);
  const Minibatch whole = batch_from(batch);
  for (uint64_t i = 0; i < whole.count; ++i) {
    out[i] = static_cast<int64_t>(whole.length(view, i));
  }
}

// The samples of a stream, each at the column that the layout of the minibatch gives it.
BS_EXPORT int64_t bs_reader_gather(void* reader, int64_t stream, const bs_minibatch* batch,
                                   void* out) {
  const StreamView& view = stream_of(reader, stream);
  const Minibatch samples = batch_from(batch);
  if (samples.frames(view)) {
    gather(view, samples, out);
    return kDone;
  }
  try {
    LayoutMemory memory(stream_columns(view, samples));
    memory.layout.set_stream(view, samples);
    gather_packed(view, samples, memory.layout, out, 0, 1);
    return kDone;
  } catch (const std::exception&) {
    return kNoMemory;
  }
}

// Where the elements of each sample of a sparse stream lie, at the column that the layout gives it.
BS_EXPORT int64_t bs_reader_refer(void* reader, int64_t stream, const bs_minibatch* batch,
                                  bs_sample* out) {
  const StreamView& view = stream_of(reader, stream);
  const Minibatch samples = batch_from(batch);
  if (samples.frames(view)) {
    refer(view, samples, out, 0, 1);
    return kDone;
  }
  try {
    LayoutMemory memory(stream_columns(view, samples));
    memory.layout.set_stream(view, samples);
    refer_packed(view, samples, memory.layout, out, 0, 1);
    return kDone;
  } catch (const std::exception&) {
    return kNoMemory;
  }
}

// The elements of a sparse stream in a minibatch.
BS_EXPORT int64_t bs_reader_elements(void* reader, int64_t stream, const bs_minibatch* batch) {
  return static_cast<int64_t>(stream_elements(stream_of(reader, stream), batch_from(batch)));
}

// Minibatches of so many sequences; 0: of as many samples as `bs_reader_start_epoch` says.
BS_EXPORT void bs_reader_group(void* reader, int64_t sequences) {
  reader_of(reader).group(static_cast<uint64_t>(sequences));
}

// Pieces of at most `length` steps from the next epoch on; 0: whole sequences.
BS_EXPORT void bs_reader_truncate(void* reader, int64_t length) {
  reader_of(reader).truncate(static_cast<uint64_t>(length));
}
