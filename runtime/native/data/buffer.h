// A growing array of plain values.
#pragma once

#include <cstdlib>
#include <cstring>
#include <limits>
#include <new>

#if defined(__linux__)
#include <sys/mman.h>
#endif

// A block of memory that grows without copies where the system can move pages; large ones lie in
// pages of 2 MiB, so that filling them does not stop for each 4 KiB.
class Block {
 public:
  Block() = default;
  ~Block() { release(); }
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;

  void* data() { return data_; }
  const void* data() const { return data_; }

  // Makes room for so many bytes; what is there stays.
  void resize(size_t bytes) {
#if defined(__linux__)
    if (mapped_ != 0 || bytes >= 2 * kPage) return remap((bytes + kPage - 1) / kPage * kPage);
#endif
    void* moved = std::realloc(data_, bytes);
    if (moved == nullptr) throw std::bad_alloc();
    data_ = moved;
    bytes_ = bytes;
  }

 private:
#if defined(__linux__)
  static constexpr size_t kPage = size_t{2} << 20;

  static void* aligned(size_t bytes) {
    void* const found = mmap(nullptr, bytes + kPage, PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (found == MAP_FAILED) throw std::bad_alloc();
    char* const first = static_cast<char*>(found);
    const size_t skip = (kPage - reinterpret_cast<size_t>(first) % kPage) % kPage;
    if (skip != 0) munmap(first, skip);
    if (skip != kPage) munmap(first + skip + bytes, kPage - skip);
    madvise(first + skip, bytes, MADV_HUGEPAGE);
    return first + skip;
  }

  void remap(size_t bytes) {
    void* const fresh = aligned(bytes);
    if (mapped_ == 0) {
      if (bytes_ != 0) std::memcpy(fresh, data_, bytes_);
      std::free(data_);
    } else if (mremap(data_, mapped_, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, fresh) == MAP_FAILED) {
      munmap(fresh, bytes);
      throw std::bad_alloc();
    }
    data_ = fresh;
    bytes_ = mapped_ = bytes;
  }
#endif

  void release() {
#if defined(__linux__)
    if (mapped_ != 0) {
      munmap(data_, mapped_);
      return;
    }
#endif
    std::free(data_);
  }

  void* data_ = nullptr;
  size_t bytes_ = 0;
  size_t mapped_ = 0;
};

template <class T>
class Buffer {
 public:
  T* data() { return static_cast<T*>(block_.data()); }
  const T* data() const { return static_cast<const T*>(block_.data()); }
  size_t size() const { return size_; }
  void shrink_to(size_t size) { size_ = size; }
  const T& operator[](size_t i) const { return data()[i]; }
  const T& back() const { return data()[size_ - 1]; }

  // Makes room for `count` more values and returns where they go; they count once `grow` is called.
  T* room(size_t count) {
    if (count > capacity_ - size_) reserve(count);
    return data() + size_;
  }
  void grow(size_t count) { size_ += count; }
  void push(T value) {
    *room(1) = value;
    ++size_;
  }

  // Room for so many values in all, if they are more than there is; memory is taken when used.
  void expect(size_t count) {
    try {
      if (count > capacity_) reserve(count - size_);
    } catch (const std::bad_alloc&) {  // it may yet fit, bit by bit
    }
  }

 private:
  void reserve(size_t count) {
    constexpr size_t kMost = std::numeric_limits<size_t>::max() / (4 * sizeof(T));
    if (count > kMost - size_) throw std::bad_alloc();
    const size_t wanted = size_ + count;
    const size_t grown = capacity_ + capacity_ / 2 + 64;
    const size_t capacity = wanted > grown ? wanted : grown;
    block_.resize(capacity * sizeof(T));
    capacity_ = capacity;
  }

  Block block_;
  size_t size_ = 0;
  size_t capacity_ = 0;
};
