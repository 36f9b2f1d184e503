// The layout of an axis: sequences sorted by length, longest first, packed time-major without gaps.
// Step t of the sequence of rank s is column offsets[t] + s.
#pragma once

#include "reader.h"

// The words of a layout, as api.h names them; the arrays have room for all columns of the axis.
class Layout {
 public:
  explicit Layout(int64_t* words) : words_(words) {}

  int64_t steps() const { return words_[kLayoutSteps]; }
  int64_t sequences() const { return words_[kLayoutSequences]; }
  int64_t* offsets() const { return array(kLayoutOffsets); }
  int64_t* lengths() const { return array(kLayoutLengths); }
  int64_t* order() const { return array(kLayoutOrder); }

  // Sequences of length 1 in the order of the minibatch; all but their number stands there already.
  void set_frames(int64_t count) {
    words_[kLayoutSequences] = count;
    offsets()[1] = count;
  }

  // The sequences that a stream has in a minibatch.
  void set_stream(const StreamView& stream, const Minibatch& batch);

  // One column for each sequence of another axis, in the order of their ranks.
  void set_first(const Layout& base);

  // The steps that `Slice` keeps of each sequence; false when it keeps none of one.
  bool set_slice(const Layout& base, int64_t begin, int64_t end);

  int64_t complaint() const { return words_[kLayoutComplaint]; }
  int64_t columns() const { return steps() == 0 ? 0 : offsets()[steps()]; }

 private:
  int64_t* array(LayoutPlace place) const { return reinterpret_cast<int64_t*>(words_[place]); }
  template <class Length>
  void sort(int64_t count, Length length);

  int64_t* words_;
};

// A layout with memory of its own, for so many columns.
struct LayoutMemory {
  static constexpr uint64_t kArrays = kLayoutSlot - kLayoutOffsets + 1;

  explicit LayoutMemory(uint64_t columns) : arrays(kArrays * (columns + 2)), layout(words) {
    for (uint64_t i = 0; i < kArrays; ++i) {
      words[kLayoutOffsets + i] = reinterpret_cast<int64_t>(arrays.data() + i * (columns + 2));
    }
  }

  std::vector<int64_t> arrays;
  int64_t words[kLayoutWords] = {};
  Layout layout;
};

// Copies the share of thread `tid` of `nt`: the samples of a stream, each to its column.
void gather_packed(const StreamView& stream, const Minibatch& batch, const Layout& layout,
                   void* out, int64_t tid, int64_t nt);
