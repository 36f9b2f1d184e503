// Minibatches of a corpus: the order of each sweep, the window of each epoch; whole sequences, or
// pieces of them for truncated training.
#pragma once

#include <deque>
#include <vector>

#include "corpus.h"

struct OrderOptions {
  bool randomize = true;
  uint64_t window = 128;
  bool window_in_samples = false;
  uint64_t seed = 0;
};

// The sequences of sweep `sweep` in the order of CNTK's BlockRandomizer (or of the file).
std::vector<uint32_t> sweep_order(const Corpus& corpus, const OrderOptions& options,
                                  uint64_t sweep);

// Some sequences, or with `pieces` one piece of each: then in every stream alike. Pieces lie in
// `rows` rows of `width` steps.
struct Minibatch {
  const uint32_t* sequences = nullptr;
  uint64_t count = 0;
  uint64_t samples = 0;
  uint64_t sweep = 0;
  const bs_piece* pieces = nullptr;
  uint64_t rows = 0;
  uint64_t width = 0;

  uint64_t begin(uint64_t i) const { return pieces == nullptr ? 0 : pieces[i].begin; }
  uint64_t length(const StreamView& stream, uint64_t i) const {
    return pieces == nullptr ? stream.length(sequences[i]) : pieces[i].length;
  }
  bool frames(const StreamView& stream) const { return stream.single && pieces == nullptr; }
};

// A position on the endless timeline of sweeps.
class Reader {
 public:
  Reader(const Corpus& corpus, OrderOptions options);

  const Corpus& corpus() const { return corpus_; }
  uint64_t sweep_samples() const { return sweep_samples_; }

  // Pieces of at most `length` steps from now on; 0: whole sequences.
  void truncate(uint64_t length) { truncation_ = length; }
  // Minibatches of so many whole sequences, whatever their samples; 0: the minibatch size counts.
  void group(uint64_t sequences) { group_ = sequences; }
  // Epoch `epoch` covers the positions [epoch * size, (epoch + 1) * size); size 0: one sweep.
  void start_epoch(uint64_t epoch, uint64_t size, uint64_t minibatch_size);
  // The next minibatch without consuming it; false at the end of the epoch.
  bool peek(Minibatch& out);
  void take() { advance_ = true; }

 private:
  // A row of truncated training: sequences that wait in it, and the steps of the first one done.
  struct Row {
    std::deque<uint32_t> waiting;
    uint64_t done = 0;
    uint64_t samples = 0;
  };

  void load_sweep(uint64_t sweep);
  void move_on();
  void advance(uint64_t count, uint64_t samples);
  bool peek_pieces();
  uint64_t steps(uint32_t sequence) const { return corpus_.streams.front().length(sequence); }
  void refill(Row& row);
  void cut(Row& row, uint64_t number);

  const Corpus& corpus_;
  OrderOptions options_;
  uint64_t sweep_samples_ = 0;
  std::vector<uint32_t> order_;
  bool loaded_ = false;
  uint64_t sweep_ = 0;
  uint64_t next_ = 0;      // index into the order of the sweep
  uint64_t position_ = 0;  // samples of the sweep before it
  uint64_t left_ = 0;      // samples to the end of the epoch
  uint64_t minibatch_size_ = 1;
  uint64_t group_ = 0;
  Minibatch current_;
  bool ready_ = false;
  bool advance_ = false;
  uint64_t truncation_ = 0;
  std::vector<Row> rows_;
  std::vector<uint32_t> cut_sequences_;
  std::vector<bs_piece> pieces_;
};

// Samples of one stream in a minibatch; with gaps, as rows packed first-fit to the longest
// sequence.
uint64_t stream_columns(const StreamView& stream, const Minibatch& batch);
uint64_t packed_columns(const StreamView& stream, const Minibatch& batch);

// Copies samples of sequences of length 1, in order, to `out`: one dense row of `dim` values each.
void gather(const StreamView& stream, const Minibatch& batch, void* out);

// The share of thread `tid` of `nt` in `gather`.
void gather_share(const StreamView& stream, const Minibatch& batch, void* out, int64_t tid,
                  int64_t nt);
