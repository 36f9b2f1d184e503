// What the native library exports: plain C functions, called from Python through ctypes and from
// compiled steps. Every structure here has a twin in runtime/native_library.py.
#pragma once

#include <cstdint>

#define BS_EXPORT extern "C" __attribute__((visibility("default")))

// Raised whenever a function or a structure below changes; Python refuses another number.
constexpr int64_t kAbiVersion = 5;

// A compiled step: does the share of thread `tid` of `nt` on the buffers of `frame`.
using StepFunction = void (*)(void* frame, int64_t tid, int64_t nt);

// Outcome of the functions that read data; the message is fetched separately.
enum Status : int64_t {
  kDone = 0,
  kRefused = 1,  // the input is at fault
  kNoMemory = 2,
  kNeedsCapacity = 3,  // a minibatch does not fit the buffers; nothing was consumed
  kEndOfEpoch = 4,
  kOutOfTime = 5,
  kEmptySequence = 6,  // an axis would get a sequence without steps; nothing was consumed
  kComplaint = 7,      // the step found that it cannot go on: kLayoutComplaint of an axis says why
};

// Words of a frame, as program_image.py lays it out: the columns of each axis are followed by the
// layout of each axis.
enum FramePlace : int64_t {
  kFrameArena = 0,
  kFrameState = 1,
  kFrameBarrier = 4,
  kFrameColumns = 5
};

constexpr int64_t kLayoutWords = 16;

// Words of the layout of an axis; from kLayoutOffsets on they point to arrays of words.
enum LayoutPlace : int64_t {
  kLayoutSteps = 0,
  kLayoutSequences = 1,
  kLayoutOffsets = 2,
  kLayoutLengths = 3,
  kLayoutOrder = 4,
  kLayoutRank = 5,
  kLayoutBegins = 6,
  kLayoutEnds = 7,
  kLayoutSlot = 8,
  kLayoutColumns = 9,    // of an axis that a step makes: its number of columns
  kLayoutCapacity = 10,  // the most columns that there is room for
  kLayoutComplaint = 11  // what a step that makes the layout found wrong; 0: nothing
};

// One stream of a text file.
struct bs_stream_spec {
  const char* alias;
  int64_t alias_bytes;
  int64_t dim;
  int64_t sparse;
  int64_t defines_size;
};

// One stream of a corpus made of arrays: the samples of each sequence, then their values; of a sparse
// stream also the entries of each sample and the index of each entry.
struct bs_array_stream {
  int64_t dim;
  int64_t sparse;
  const uint32_t* lengths;
  const void* values;
  const uint32_t* counts;
  const int32_t* rows;
};

struct bs_text_options {
  int64_t chunk_bytes;
  int64_t max_errors;
  int64_t skip_ids;
  int64_t symbolic;
  int64_t element_bytes;
  int64_t max_remarks;
};

// A remark on one place of a data file. `text` stays valid as long as the corpus.
struct bs_remark {
  int64_t kind;
  int64_t line;
  int64_t column;
  int64_t sequence;
  const char* text;
  const char* excerpt;
};

struct bs_order_options {
  int64_t randomize;
  int64_t window;
  int64_t window_in_samples;
  int64_t seed;
};

// A piece of a sequence: `length` steps from `begin` on, in row `slot` of truncated training.
struct bs_piece {
  uint64_t begin;
  uint64_t length;
  uint64_t slot;
};

struct bs_minibatch {
  const uint32_t* sequences;
  int64_t count;
  int64_t samples;
  int64_t sweep;
  const bs_piece* pieces;  // null: whole sequences
  int64_t rows;
  int64_t width;
};

// Where one input of a step lies: arena + base + sum over axes of coefficients[i] * padded n[i].
// Of a sparse one there is a bs_sample for each column.
struct bs_input {
  int64_t stream;
  int64_t axis;
  int64_t base;
  const int64_t* coefficients;
  int64_t sparse;
};

// A sample whose elements are mostly 0: the indices and the values of the others.
struct bs_sample {
  const int32_t* rows;
  const void* values;
  int64_t count;
};

constexpr int64_t kMaxAxes = 16;

// How an axis gets its layout: from a stream, or from another axis.
enum AxisKind : int64_t {
  kAxisStream = 0,
  kAxisFirst = 1,  // one column for each sequence of axis `source`
  kAxisSlice = 2,  // the steps that Slice (begin, end) keeps of axis `source`
  // Made while the step runs: at most `begin` columns for each of axis `source`; with `begin` 0 at
  // most `end`, and no more than the sparse inputs have elements.
  kAxisFound = 3,
};

struct bs_axis {
  int64_t kind;
  int64_t source;  // number of the stream or of the axis
  int64_t begin;
  int64_t end;
};

struct bs_loop {
  void* pool;
  StepFunction step;
  int64_t* frame;
  int64_t threads;
  int64_t axes;
  const int64_t* capacity;
  const bs_axis* axis;
  const int64_t* order;  // the axes, each behind the one that it is made from
  const bs_input* inputs;
  int64_t input_count;
  int64_t element_bytes;
  // The samples of the update: the columns of an axis, or (axis -1) the most columns, gaps
  // included, of some streams, or without any the samples of the minibatch.
  int64_t counted_axis;
  const int64_t* counted_streams;
  int64_t counted_stream_count;
  double learning_rate;
  double momentum_per_sample;
  void* learning_rate_at;
  void* momentum_at;
  void* samples_at;
  const void* watched_at;  // a scalar; a minibatch after which it is not finite ends the call
};

struct bs_progress {
  int64_t status;
  int64_t minibatches;
  int64_t samples;
  int64_t counted;
  int64_t columns[kMaxAxes];
  int64_t last_columns[kMaxAxes];  // of the last minibatch, or the one that did not fit
};
