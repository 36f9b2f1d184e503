// Parsed data kept in a file of its own: arrays behind each other, with a checksum of all of them.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>

#include "../data/corpus.h"

namespace {
constexpr uint64_t kMagic = 0x0A31415441445342u;  // "BSDATA1\n"

struct Unusable : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Four sums side by side, so that they keep up with memory.
class Checksum {
 public:
  void add(const void* data, size_t bytes) {
    const char* p = static_cast<const char*>(data);
    for (; bytes >= sizeof lanes_; bytes -= sizeof lanes_, p += sizeof lanes_) mix(p);
    char rest[sizeof lanes_] = {};
    if (bytes == 0) return;
    std::memcpy(rest, p, bytes);
    mix(rest);
  }
  uint64_t value() const {
    uint64_t sum = 0;
    for (const uint64_t lane : lanes_) sum = (sum ^ lane) * kPrime + (sum >> 29);
    return sum;
  }

 private:
  static constexpr uint64_t kPrime = 0x9E3779B97F4A7C15u;

  void mix(const char* p) {
    uint64_t words[4];
    std::memcpy(words, p, sizeof words);
    for (int i = 0; i < 4; ++i) {
      const uint64_t mixed = (lanes_[i] ^ words[i]) * kPrime;
      lanes_[i] = (mixed << 31) | (mixed >> 33);
    }
  }

  uint64_t lanes_[4] = {1, 2, 3, 4};
};

class File {
 public:
  File(const char* path, int flags) : fd_(open(path, flags | O_CLOEXEC, 0600)) {
    if (fd_ < 0) throw Unusable("open");
  }
  ~File() { close(fd_); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  uint64_t size() const {
    struct stat info;
    if (fstat(fd_, &info) != 0 || !S_ISREG(info.st_mode)) throw Unusable("stat");
    return static_cast<uint64_t>(info.st_size);
  }
  void put(const void* data, size_t bytes) {
    checksum.add(data, bytes);
    move(bytes, [&](size_t done) {
      return write(fd_, static_cast<const char*>(data) + done, bytes - done);
    });
  }
  void get(void* data, size_t bytes) {
    move(bytes, [&](size_t done) {
      return read(fd_, static_cast<char*>(data) + done, bytes - done);
    });
    checksum.add(data, bytes);
  }

  Checksum checksum;

 private:
  template <class Some>
  static void move(size_t bytes, Some some) {
    for (size_t done = 0; done < bytes;) {
      const ssize_t step = some(done);
      if (step < 0 && errno == EINTR) continue;
      if (step <= 0) throw Unusable("cut short");
      done += static_cast<size_t>(step);
    }
  }

  int fd_;
};

// What the file says of a stream: how many elements each array has.
struct StreamSizes {
  uint64_t dim, sparse, element_bytes, first, entry, rows, floats, doubles;
};

StreamSizes sizes_of(const StreamData& data) {
  return {data.dim,
          data.sparse ? 1u : 0u,
          static_cast<uint64_t>(data.element_bytes),
          data.first.size(),
          data.entry.size(),
          data.rows.size(),
          data.floats.size(),
          data.doubles.size()};
}

template <class Array>
void put(File& file, const Array& array) {
  if (array.size() != 0) file.put(array.data(), array.size() * sizeof *array.data());
}

void save(const Corpus& corpus, const char* path) {
  File file(path, O_WRONLY | O_CREAT | O_EXCL);
  const uint64_t head[] = {kMagic, corpus.keys.size(), corpus.chunks.size(), corpus.streams.size()};
  file.put(head, sizeof head);
  for (const StreamView& stream : corpus.streams) {
    const StreamSizes sizes = sizes_of(*stream.data);
    file.put(&sizes, sizeof sizes);
  }
  put(file, corpus.keys);
  put(file, corpus.lengths);
  put(file, corpus.chunks);
  for (const StreamView& stream : corpus.streams) {
    const StreamData& data = *stream.data;
    put(file, data.first);
    put(file, data.entry);
    put(file, data.rows);
    put(file, data.floats);
    put(file, data.doubles);
  }
  const uint64_t sum = file.checksum.value();
  file.put(&sum, sizeof sum);
}

class Loader {
 public:
  explicit Loader(const char* path) : file_(path, O_RDONLY), left_(file_.size()) {}

  void load(Corpus& corpus) {
    uint64_t head[4];
    take(head, 4);
    if (head[0] != kMagic || head[3] > left_) throw Unusable("no file of ours");
    std::vector<StreamSizes> sizes(head[3]);
    take(sizes.data(), sizes.size());
    fill(corpus.keys, head[1]);
    fill(corpus.lengths, head[1]);
    fill(corpus.chunks, head[2]);
    for (const StreamSizes& size : sizes) corpus.streams.push_back({stream(size), {}, true});
    const uint64_t sum = file_.checksum.value();
    uint64_t expected = 0;
    take(&expected, 1);
    if (sum != expected || left_ != 0) throw Unusable("damaged");
    look_at_lengths(corpus);
  }

 private:
  template <class T>
  void take(T* to, uint64_t count) {
    if (count > left_ / sizeof(T)) throw Unusable("cut short");
    left_ -= count * sizeof(T);
    file_.get(to, count * sizeof(T));
  }
  template <class T>
  void fill(std::vector<T>& to, uint64_t count) {
    if (count > left_ / sizeof(T)) throw Unusable("cut short");
    to.resize(count);
    take(to.data(), count);
  }
  template <class T>
  void fill(Buffer<T>& to, uint64_t count) {
    if (count > left_ / sizeof(T)) throw Unusable("cut short");
    to.shrink_to(0);
    if (count == 0) return;
    take(to.room(count), count);
    to.grow(count);
  }
  std::shared_ptr<StreamData> stream(const StreamSizes& size) {
    auto data = std::make_shared<StreamData>();
    data->dim = size.dim;
    data->sparse = size.sparse != 0;
    data->element_bytes = static_cast<int64_t>(size.element_bytes);
    fill(data->first, size.first);
    fill(data->entry, size.entry);
    fill(data->rows, size.rows);
    fill(data->floats, size.floats);
    fill(data->doubles, size.doubles);
    return data;
  }

  File file_;
  uint64_t left_;
};
}  // namespace

// Writes the data to a new file. 0, or 1 when that cannot be done.
BS_EXPORT int64_t bs_corpus_save(const void* handle, const char* path) {
  try {
    save(*static_cast<const Corpus*>(handle), path);
    return kDone;
  } catch (const std::exception&) {
    return kRefused;
  }
}

// The data that `bs_corpus_save` wrote; null when the file is damaged or memory is short.
BS_EXPORT void* bs_corpus_load(const char* path) {
  try {
    auto corpus = std::make_unique<Corpus>();
    corpus->chunks.clear();
    Loader(path).load(*corpus);
    return corpus.release();
  } catch (const std::exception&) {
    return nullptr;
  }
}
