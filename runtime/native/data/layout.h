// The layout of an axis: sequences sorted by length, longest first, packed time-major without gaps.
// Step t of the sequence of rank s is column offsets[t] + s.
#pragma once

#include <algorithm>

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
  int64_t* ranks() const { return array(kLayoutRank); }
  int64_t* slots() const { return array(kLayoutSlot); }
  bool whole(int64_t rank) const {
    return array(kLayoutBegins)[rank] != 0 && array(kLayoutEnds)[rank] != 0;
  }
  int64_t capacity() const { return words_[kLayoutCapacity]; }

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
  void complain(int64_t reason) { words_[kLayoutComplaint] = reason; }

  // Whole sequences of the lengths that the function gives for their numbers.
  template <class Length>
  void set_lengths(int64_t count, Length length);

  // Says how many columns a step has found, while the frame has the most that there may be.
  void publish() { words_[kLayoutColumns] = columns(); }
  int64_t found() const { return words_[kLayoutColumns]; }

  int64_t columns() const { return steps() == 0 ? 0 : offsets()[steps()]; }

 private:
  int64_t* array(LayoutPlace place) const { return reinterpret_cast<int64_t*>(words_[place]); }
  template <class Length>
  void sort(int64_t count, Length length);

  int64_t* words_;
};

// Counting sort by length, longest first; sequences of one length keep the order of the minibatch.
template <class Length>
void Layout::sort(int64_t count, Length length) {
  int64_t longest = 0;
  for (int64_t i = 0; i < count; ++i) longest = std::max<int64_t>(longest, length(i));
  int64_t* const rows = offsets();  // rows[t + 1]: how many sequences are longer than t
  std::fill_n(rows, longest + 2, int64_t{0});
  for (int64_t i = 0; i < count; ++i) ++rows[length(i)];
  for (int64_t t = longest; t > 0; --t) rows[t - 1] += rows[t];
  for (int64_t i = 0; i < count; ++i) {
    // Sequences longer than this one come first; those of its length follow one another.
    const int64_t rank = rows[length(i) + 1]++;
    order()[rank] = i;
    ranks()[i] = rank;
    lengths()[rank] = length(i);
  }
  // Now rows[t + 1] counts sequences of at least t steps.
  for (int64_t t = 0; t < longest; ++t) rows[t] = rows[t + 2];
  int64_t column = 0;
  for (int64_t t = 0; t <= longest; ++t) {
    const int64_t here = t < longest ? rows[t] : 0;
    rows[t] = column;
    column += here;
  }
  words_[kLayoutSteps] = longest;
  words_[kLayoutSequences] = count;
}

template <class Length>
void Layout::set_lengths(int64_t count, Length length) {
  sort(count, length);
  for (int64_t rank = 0; rank < count; ++rank) {
    array(kLayoutBegins)[rank] = array(kLayoutEnds)[rank] = 1;
  }
}

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
