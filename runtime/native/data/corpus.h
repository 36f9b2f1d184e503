// Data resident in memory: streams of samples cut into sequences, sequences grouped into chunks.
#pragma once

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "../api.h"
#include "buffer.h"

// One stream. Sequence s has the samples first[s] .. first[s + 1] - 1. A dense sample is `dim`
// values; sparse sample i has the entries entry[i] .. entry[i + 1] - 1 of `rows` and the values.
struct StreamData {
  uint64_t dim = 0;
  bool sparse = false;
  int64_t element_bytes = 4;
  Buffer<uint64_t> first;
  Buffer<uint64_t> entry;
  Buffer<int32_t> rows;
  Buffer<float> floats;
  Buffer<double> doubles;

  StreamData() {
    first.push(0);
    entry.push(0);
  }
  uint64_t sequences() const { return first.size() - 1; }
  uint64_t samples() const { return first.back(); }
};

// A stream as one corpus sees it: its sequences, or those that a join by key picked.
struct StreamView {
  std::shared_ptr<StreamData> data;
  std::vector<uint32_t> picked;  // empty: all, in order
  bool single = true;            // every sequence has one sample

  uint64_t source(uint64_t sequence) const { return picked.empty() ? sequence : picked[sequence]; }
  uint64_t begin(uint64_t sequence) const { return data->first[source(sequence)]; }
  uint64_t length(uint64_t sequence) const {
    const uint64_t s = source(sequence);
    return data->first[s + 1] - data->first[s];
  }
};

enum RemarkKind : int64_t {
  kCannotOpen = 1,
  kReadFailed = 2,
  kEmptyFile = 3,
  kUtf16 = 4,
  kNoSequenceId = 5,
  kIdTooLarge = 6,
  kStreamMissing = 7,
  kTooManyErrors = 8,
  kOutOfMemory = 9,
  kTooManySequences = 10,
  kNothingJoined = 11,
  kBlankLine = 12,
  kDamaged = 13,
  // Counted against maxErrors.
  kBlankRow = 20,
  kBadNumber = 21,
  kTooManyValues = 22,
  kIndexOutOfRange = 23,
  kNoBar = 24,
  kNoName = 25,
  kTooManySamples = 26,
  kTooFewSamples = 27,
  kBadIndex = 28,
  // Warnings.
  kTooFewValues = 40,
  kContinued = 41,
};

struct Remark {
  RemarkKind kind;
  uint64_t line = 0;
  uint64_t column = 0;
  uint64_t sequence = 0;
  std::string text = {};
  std::string excerpt = {};
};

struct Corpus {
  std::vector<uint64_t> keys;
  std::vector<std::string> names;   // of keys that are no numbers in the file: key k is names[k]
  std::vector<uint32_t> lengths;    // what each sequence counts in a minibatch
  std::vector<uint32_t> chunks{0};  // first sequence of each chunk, and the end
  std::vector<StreamView> streams;
  std::vector<Remark> remarks;
  uint64_t remarks_left_out = 0;
  uint64_t errors = 0;
  uint64_t dropped = 0;
  bool failed = false;
  Remark failure{kReadFailed};

  uint64_t sequences() const { return keys.size(); }
  void fail(Remark remark) {
    failed = true;
    failure = std::move(remark);
  }
};

// Fills `single` of every stream.
void look_at_lengths(Corpus& corpus);

// Corpora read from several files become one: the first leads, the others are found by key.
void join_corpora(const std::vector<const Corpus*>& parts, Corpus& out);
