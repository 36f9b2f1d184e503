// A corpus made of arrays that Python has filled: for files that are decoded there.
#include <algorithm>
#include <cstring>
#include <memory>

#include "corpus.h"

namespace {
template <class T>
void append(Buffer<T>& buffer, const void* values, uint64_t count) {
  if (count != 0) std::memcpy(buffer.room(count), values, count * sizeof(T));
  buffer.grow(count);
}

std::shared_ptr<StreamData> stream_of(const bs_array_stream& given, uint64_t sequences,
                                      int64_t element_bytes) {
  auto data = std::make_shared<StreamData>();
  data->dim = static_cast<uint64_t>(given.dim);
  data->sparse = given.sparse != 0;
  data->element_bytes = element_bytes;
  for (uint64_t s = 0; s < sequences; ++s) {
    data->first.push(data->samples() + given.lengths[s]);
  }
  const uint64_t samples = data->samples();
  uint64_t values = samples * data->dim;
  if (data->sparse) {
    for (uint64_t i = 0; i < samples; ++i) data->entry.push(data->entry.back() + given.counts[i]);
    values = data->entry.back();
    append(data->rows, given.rows, values);
  }
  if (element_bytes == 8) {
    append(data->doubles, given.values, values);
  } else {
    append(data->floats, given.values, values);
  }
  return data;
}
}  // namespace

// `keys` has one number for each sequence, `chunks` the first sequence of each chunk and the end.
// The arrays are copied. Null when memory is short.
BS_EXPORT void* bs_corpus_from_arrays(const bs_array_stream* streams, int64_t count,
                                      const uint64_t* keys, int64_t sequences,
                                      const uint32_t* chunks, int64_t chunk_count,
                                      int64_t element_bytes) {
  try {
    auto corpus = std::make_unique<Corpus>();
    const auto size = static_cast<uint64_t>(sequences);
    corpus->keys.assign(keys, keys + size);
    corpus->lengths.assign(size, 0);
    corpus->chunks.assign(chunks, chunks + chunk_count + 1);
    for (int64_t i = 0; i < count; ++i) {
      corpus->streams.push_back({stream_of(streams[i], size, element_bytes), {}, true});
      for (uint64_t s = 0; s < size; ++s) {
        corpus->lengths[s] = std::max(corpus->lengths[s], streams[i].lengths[s]);
      }
    }
    look_at_lengths(*corpus);
    return corpus.release();
  } catch (const std::exception&) {
    return nullptr;
  }
}
