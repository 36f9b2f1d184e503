// CNTKTextFormat: rows of "|name values", an optional sequence id in front of each row.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "../data/corpus.h"

struct TextStream {
  std::string alias;
  uint64_t dim;
  bool sparse;
  bool defines_size;
};

struct TextOptions {
  uint64_t chunk_bytes = 32u << 20;
  uint64_t max_errors = 0;
  bool skip_ids = false;
  bool symbolic = false;  // ids are words, not numbers
  int64_t element_bytes = 4;
  uint64_t max_remarks = 100;
};

// Thrown inside the reader when the file cannot be used; ends up as the failure of the corpus.
struct Refused {
  Remark remark;
};

// Takes the file row by row and builds the corpus.
class TextParser {
 public:
  TextParser(Corpus& corpus, std::vector<TextStream> streams, TextOptions options);

  // Whether rows carry sequence ids is decided by the first byte that is not blank.
  void begin(char first_byte, uint64_t offset, uint64_t lines);
  // One row without its line feed; `offset` is where it starts in the file.
  void row(const char* begin, const char* end, uint64_t offset);
  // Of the file, one part of so many has been read.
  void expect(double parts);
  void finish(uint64_t end_offset);

 private:
  struct Column {
    TextStream spec;
    StreamData* data;
    uint64_t samples = 0;  // of the open sequence
    uint64_t seen = 0;     // with those that could not be read
    uint64_t name = 0;     // as one word, if it has at most 8 bytes
    uint64_t mask = 0;     // the bytes of that word that count; 0: none

    void learn_name();
    bool named(const char* at) const;
  };

  void flush_blank_rows();
  const char* behind_id(const char* begin, const char* end) const;
  uint64_t id_between(const char* begin, const char* end);
  const char* take_id(const char* begin, const char* end, uint64_t offset);
  void open_sequence(uint64_t key, uint64_t offset);
  void close_sequence(uint64_t end_offset);
  void check_counts(uint64_t length);
  uint64_t sequence_length() const;

  void read_row(const char* p, const char* end);
  const char* read_sample(const char* p, const char* end, uint64_t& samples);
  Column* find_column(const char* name, size_t bytes);
  template <class T>
  const char* read_value(const char* p, const char* end, T& value);
  template <class T>
  const char* read_dense(Column& column, Buffer<T>& values, const char* p, const char* end);
  template <class T>
  const char* read_sparse(Column& column, Buffer<T>& values, const char* p, const char* end);
  template <class T>
  const char* read_entry(Column& column, Buffer<T>& values, const char* p, const char* end);

  Remark remark(RemarkKind kind, const char* at, std::string text = {}) const;
  Remark sequence_remark(RemarkKind kind, std::string text = {}) const;
  bool remarks_full() const { return corpus_.remarks.size() >= options_.max_remarks; }
  void warn(Remark found);
  void count_error(Remark found);

  Corpus& corpus_;
  TextOptions options_;
  std::vector<Column> columns_;
  std::unordered_map<std::string, uint64_t> names_;
  size_t expected_ = 0;  // column that probably comes next
  bool with_ids_ = false;
  bool any_defines_size_ = false;
  bool open_ = false;
  bool spoiled_ = false;  // the open sequence has an error already
  bool warned_continued_ = false;
  uint64_t key_ = 0;
  uint64_t rows_ = 0;
  uint64_t sequence_offset_ = 0;
  uint64_t chunk_bytes_ = 0;
  uint64_t line_ = 0;
  uint64_t sequence_line_ = 0;
  uint64_t blank_rows_ = 0;
  const char* row_begin_ = nullptr;
  const char* row_end_ = nullptr;
};

// Reads a whole file; failures are left in the corpus.
void read_text_file(const std::string& path, std::vector<TextStream> streams, TextOptions options,
                    Corpus& corpus);
