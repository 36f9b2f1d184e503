// Truncated training: rows of whole sequences, one behind the other, cut into pieces. What does not
// fit goes on in the same row of the next minibatch. A sequence has the steps that its streams have,
// all of them alike; in the epoch it counts as in the file, where rows may have been left out.
#include <algorithm>

#include "reader.h"

// Takes sequences of the epoch until the row has enough for one piece.
void Reader::refill(Row& row) {
  while (row.samples < truncation_ && left_ != 0) {
    if (next_ == order_.size()) load_sweep(sweep_ + 1);
    const uint32_t sequence = order_[next_];
    row.waiting.push_back(sequence);
    row.samples += steps(sequence);
    advance(1, corpus_.lengths[sequence]);
  }
}

// Cuts the next steps off a row: the rest of its first sequence, then those behind it.
void Reader::cut(Row& row, uint64_t number) {
  uint64_t room = std::min(truncation_, row.samples);
  row.samples -= room;
  current_.samples += room;
  while (room != 0) {
    const uint32_t sequence = row.waiting.front();
    const uint64_t length = steps(sequence);
    const uint64_t taken = std::min(room, length - row.done);
    cut_sequences_.push_back(sequence);
    pieces_.push_back({row.done, taken, number});
    row.done += taken;
    room -= taken;
    if (row.done == length) {
      row.waiting.pop_front();
      row.done = 0;
    }
  }
}

// The next pieces of all rows; false when nothing is left.
bool Reader::peek_pieces() {
  cut_sequences_.clear();
  pieces_.clear();
  current_ = {};
  for (uint64_t number = 0; number < rows_.size(); ++number) {
    refill(rows_[number]);
    cut(rows_[number], number);
  }
  current_.sequences = cut_sequences_.data();
  current_.pieces = pieces_.data();
  current_.count = pieces_.size();
  current_.sweep = sweep_;
  current_.rows = rows_.size();
  current_.width = truncation_;
  return current_.count != 0;
}
