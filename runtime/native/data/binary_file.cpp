// The chunks of a CNTKBinaryReader file. Its header is read in Python, which hands over the streams
// and where each chunk starts.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "corpus.h"

namespace {
struct Damaged {
  uint64_t offset;
  const char* what;
};

// The bytes of one chunk; everything taken is checked against what is left.
class Bytes {
 public:
  Bytes(const char* data, uint64_t size, uint64_t offset)
      : p_(data), end_(data + size), begin_(data), offset_(offset) {}

  const char* take(uint64_t count, uint64_t size, const char* what) {
    if (size != 0 && count > static_cast<uint64_t>(end_ - p_) / size) fail(what);
    const char* here = p_;
    p_ += count * size;
    return here;
  }
  uint32_t number(const char* what) {
    uint32_t value;
    std::memcpy(&value, take(1, sizeof value, what), sizeof value);
    return value;
  }
  [[noreturn]] void fail(const char* what) const {
    throw Damaged{offset_ + static_cast<uint64_t>(p_ - begin_), what};
  }

 private:
  const char* p_;
  const char* end_;
  const char* begin_;
  uint64_t offset_;
};

template <class T>
void append(Buffer<T>& buffer, const char* bytes, uint64_t count) {
  if (count != 0) std::memcpy(buffer.room(count), bytes, count * sizeof(T));
  buffer.grow(count);
}

void append_values(StreamData& data, const char* bytes, uint64_t count) {
  if (data.element_bytes == 8) {
    append(data.doubles, bytes, count);
  } else {
    append(data.floats, bytes, count);
  }
}

// u32 samples, the values
uint64_t read_dense(Bytes& bytes, StreamData& data) {
  const uint64_t samples = bytes.number("a dense sequence");
  const uint64_t size = data.dim * static_cast<uint64_t>(data.element_bytes);
  append_values(data, bytes.take(samples, size, "dense values"), samples * data.dim);
  return samples;
}

// u32 samples, u32 entries, values, i32 rows, i32 entries of each sample
uint64_t read_sparse(Bytes& bytes, StreamData& data) {
  const uint64_t samples = bytes.number("a sparse sequence");
  const uint64_t entries = bytes.number("a sparse sequence");
  const auto size = static_cast<uint64_t>(data.element_bytes);
  append_values(data, bytes.take(entries, size, "sparse values"), entries);
  const size_t first = data.rows.size();
  append(data.rows, bytes.take(entries, 4, "sparse indices"), entries);
  for (size_t i = first; i < data.rows.size(); ++i) {
    if (static_cast<uint32_t>(data.rows.data()[i]) >= data.dim) bytes.fail("a sparse index");
  }
  const char* counts = bytes.take(samples, 4, "the entries of each sample");
  uint64_t end = first;
  for (uint64_t i = 0; i < samples; ++i) {
    uint32_t count;
    std::memcpy(&count, counts + 4 * i, sizeof count);
    end += count;
    if (end > first + entries) bytes.fail("the entries of each sample");
    data.entry.push(end);
  }
  if (end != first + entries) bytes.fail("the entries of each sample");
  return samples;
}

// u32 length of each sequence; then stream after stream the block of each sequence
void read_chunk(Bytes& bytes, uint64_t sequences, Corpus& corpus) {
  const char* lengths = bytes.take(sequences, 4, "the lengths of sequences");
  if (corpus.keys.size() + sequences >= UINT32_MAX) bytes.fail("the number of sequences");
  std::vector<uint32_t> longest(sequences, 0);
  for (StreamView& stream : corpus.streams) {
    StreamData& data = *stream.data;
    for (uint64_t s = 0; s < sequences; ++s) {
      const uint64_t samples = data.sparse ? read_sparse(bytes, data) : read_dense(bytes, data);
      data.first.push(data.samples() + samples);
      longest[s] = std::max(longest[s], static_cast<uint32_t>(samples));
    }
  }
  if (sequences != 0 && std::memcmp(lengths, longest.data(), 4 * sequences) != 0) {
    bytes.fail("the lengths of sequences");
  }
  for (uint32_t length : longest) {
    corpus.keys.push_back(corpus.keys.size());
    corpus.lengths.push_back(length);
  }
  if (sequences != 0) corpus.chunks.push_back(static_cast<uint32_t>(corpus.keys.size()));
}

void read_at(int fd, char* to, uint64_t size, uint64_t offset) {
  while (size > 0) {
    const ssize_t got = pread(fd, to, size, static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) throw Damaged{offset, "a chunk"};
    to += got;
    size -= static_cast<uint64_t>(got);
    offset += static_cast<uint64_t>(got);
  }
}

struct File {
  int fd;
  ~File() {
    if (fd >= 0) close(fd);
  }
};

void read_file(const char* path, const int64_t* offsets, const int64_t* sequences, int64_t chunks,
               Corpus& corpus) {
  const File file{open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (file.fd < 0) {
    corpus.fail({kCannotOpen, 0, 0, 0, std::strerror(errno)});
    return;
  }
  Buffer<char> block;
  for (int64_t i = 0; i < chunks; ++i) {
    const auto offset = static_cast<uint64_t>(offsets[i]);
    const uint64_t size = static_cast<uint64_t>(offsets[i + 1]) - offset;
    block.shrink_to(0);
    read_at(file.fd, block.room(size), size, offset);
    Bytes bytes(block.data(), size, offset);
    read_chunk(bytes, static_cast<uint64_t>(sequences[i]), corpus);
  }
  look_at_lengths(corpus);
}
}  // namespace

// `offsets` has one entry more than there are chunks: where the header starts. They increase.
BS_EXPORT void* bs_binary_read(const char* path, const bs_stream_spec* streams, int64_t count,
                               const int64_t* offsets, const int64_t* sequences, int64_t chunks,
                               int64_t element_bytes) {
  try {
    auto corpus = std::make_unique<Corpus>();
    try {
      for (int64_t i = 0; i < count; ++i) {
        auto data = std::make_shared<StreamData>();
        data->dim = static_cast<uint64_t>(streams[i].dim);
        data->sparse = streams[i].sparse != 0;
        data->element_bytes = element_bytes;
        corpus->streams.push_back({std::move(data), {}, true});
      }
      read_file(path, offsets, sequences, chunks, *corpus);
    } catch (const Damaged& damaged) {
      corpus->fail({kDamaged, 0, 0, damaged.offset, damaged.what});
    } catch (const std::bad_alloc&) {
      corpus->fail({kOutOfMemory});
    }
    return corpus.release();
  } catch (const std::exception&) {
    return nullptr;
  }
}
