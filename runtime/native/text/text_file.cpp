// A whole text file: blocks of bytes become rows, rows sequences, sequences chunks.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "numbers.h"
#include "text.h"

namespace {
constexpr size_t kBlockBytes = size_t{1} << 20;

inline bool is_blank(char c) { return static_cast<unsigned char>(c) <= 0x20; }
}  // namespace

TextParser::TextParser(Corpus& corpus, std::vector<TextStream> streams, TextOptions options)
    : corpus_(corpus), options_(options) {
  for (TextStream& spec : streams) {
    auto data = std::make_shared<StreamData>();
    data->dim = spec.dim;
    data->sparse = spec.sparse;
    data->element_bytes = options.element_bytes;
    any_defines_size_ = any_defines_size_ || spec.defines_size;
    columns_.push_back({std::move(spec), data.get(), 0, 0});
    columns_.back().learn_name();
    corpus_.streams.push_back({std::move(data), {}, true});
  }
}

void TextParser::begin(char first_byte, uint64_t offset, uint64_t lines) {
  with_ids_ = first_byte != '|' && !options_.skip_ids;
  sequence_offset_ = offset;
  line_ = lines;
}

// Blank rows at the end of a file are no rows, so they wait for the next row that is not blank.
void TextParser::flush_blank_rows() {
  if (blank_rows_ == 0) return;
  const uint64_t count = blank_rows_;
  const uint64_t here = line_;
  blank_rows_ = 0;
  row_begin_ = row_end_ = "";
  for (uint64_t i = 0; i < count; ++i) {
    line_ = here - count + i;
    ++rows_;
    if (!with_ids_) throw Refused{remark(kBlankLine, nullptr)};
    count_error(remark(kBlankRow, nullptr));
  }
  line_ = here;
}

void TextParser::row(const char* begin, const char* end, uint64_t offset) {
  ++line_;
  if (std::all_of(begin, end, is_blank)) {
    ++blank_rows_;
    return;
  }
  flush_blank_rows();
  row_begin_ = begin;
  row_end_ = end;
  if (!with_ids_) {
    if (open_) close_sequence(offset);
    open_sequence(corpus_.keys.size(), offset);
    begin = behind_id(begin, end);
  } else {
    const char* const behind = take_id(begin, end, offset);
    if (behind == begin && !warned_continued_) {
      warned_continued_ = true;
      warn(remark(kContinued, begin));
    }
    begin = behind;
  }
  ++rows_;
  read_row(begin, end);
}

// Room for what is to come, as if the rest of the file were like the part that has been read.
void TextParser::expect(double parts) {
  const auto enough = [parts](size_t count) {
    return static_cast<size_t>(static_cast<double>(count) * parts * 1.02) + 1024;
  };
  for (Column& column : columns_) {
    StreamData& data = *column.data;
    if (data.floats.size() != 0) data.floats.expect(enough(data.floats.size()));
    if (data.doubles.size() != 0) data.doubles.expect(enough(data.doubles.size()));
    if (data.sparse) data.rows.expect(enough(data.rows.size()));
    if (data.sparse) data.entry.expect(enough(data.entry.size()));
    data.first.expect(enough(data.first.size()));
  }
}

// Where the id at the start of a row ends: digits, or what comes before a blank or a bar.
const char* TextParser::behind_id(const char* begin, const char* end) const {
  const char* p = begin;
  if (options_.symbolic) {
    while (p < end && *p != '|' && !is_blank(*p)) ++p;
  } else {
    while (p < end && is_digit(*p)) ++p;
  }
  return p;
}

// The number of an id: its value, or how many other ids came before it.
uint64_t TextParser::id_between(const char* begin, const char* end) {
  if (options_.symbolic) {
    const auto [place, is_new] = names_.emplace(std::string(begin, end), names_.size());
    if (is_new) corpus_.names.push_back(place->first);
    return place->second;
  }
  uint64_t id = 0;
  for (const char* p = begin; p < end; ++p) {
    const auto digit = static_cast<uint64_t>(*p - '0');
    if (id > (UINT64_MAX - digit) / 10) throw Refused{remark(kIdTooLarge, begin)};
    id = id * 10 + digit;
  }
  return id;
}

// Opens a new sequence when the row has an id other than the last. Returns where the id ends: the
// start of the row when it has none.
const char* TextParser::take_id(const char* begin, const char* end, uint64_t offset) {
  const Digits few = eight_digits(begin);
  const bool short_number = few.count < 8 && !options_.symbolic;
  const char* p = short_number ? begin + few.count : behind_id(begin, end);
  if (p == begin) {
    if (!open_) throw Refused{remark(kNoSequenceId, begin)};
    return begin;
  }
  const uint64_t id = short_number ? few.value : id_between(begin, p);
  if (open_ && id == key_) return p;
  if (open_) close_sequence(offset);
  open_sequence(id, offset);
  return p;
}

void TextParser::open_sequence(uint64_t key, uint64_t offset) {
  open_ = true;
  spoiled_ = false;
  key_ = key;
  rows_ = 0;
  sequence_offset_ = offset;
  sequence_line_ = line_;
  for (Column& column : columns_) column.samples = column.seen = 0;
}

uint64_t TextParser::sequence_length() const {
  if (!any_defines_size_) return rows_;
  uint64_t length = 0;
  for (const Column& column : columns_) {
    if (column.spec.defines_size) length = column.seen;
  }
  return length;
}

void TextParser::check_counts(uint64_t length) {
  uint64_t most = 0;
  for (const Column& column : columns_) {
    if (column.samples == 0) throw Refused{sequence_remark(kStreamMissing, column.spec.alias)};
    if (column.samples > rows_) {
      count_error(sequence_remark(kTooManySamples, column.spec.alias));
    }
    if (column.spec.defines_size || !any_defines_size_) most = std::max(most, column.samples);
  }
  if (most < length && !spoiled_) count_error(sequence_remark(kTooFewSamples));
}

void TextParser::close_sequence(uint64_t end_offset) {
  open_ = false;
  const uint64_t length = sequence_length();
  check_counts(length);
  if (corpus_.keys.size() >= UINT32_MAX - 1 || length > UINT32_MAX) {
    throw Refused{sequence_remark(kTooManySequences)};
  }
  const uint64_t bytes = end_offset - sequence_offset_;
  if (chunk_bytes_ != 0 && chunk_bytes_ + bytes > options_.chunk_bytes) {
    corpus_.chunks.push_back(static_cast<uint32_t>(corpus_.keys.size()));
    chunk_bytes_ = 0;
  }
  chunk_bytes_ += bytes;
  corpus_.keys.push_back(key_);
  corpus_.lengths.push_back(static_cast<uint32_t>(length));
  for (Column& column : columns_)
    column.data->first.push(column.data->samples() + column.samples);
}

void TextParser::finish(uint64_t end_offset) {
  if (open_) close_sequence(end_offset);
  corpus_.chunks.push_back(static_cast<uint32_t>(corpus_.keys.size()));
  look_at_lengths(corpus_);
}

namespace {
// An open file, read in blocks; a row that crosses a block stays in front of the next one.
class Rows {
 public:
  explicit Rows(const std::string& path)
      : fd_(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
    struct stat info;
    if (fd_ < 0 || fstat(fd_, &info) != 0)
      throw Refused{{kCannotOpen, 0, 0, 0, std::strerror(errno), ""}};
    if (!S_ISREG(info.st_mode)) throw Refused{{kCannotOpen, 0, 0, 0, "not a regular file", ""}};
    size_ = static_cast<uint64_t>(info.st_size);
  }
  ~Rows() {
    if (fd_ >= 0) close(fd_);
  }
  Rows(const Rows&) = delete;
  Rows& operator=(const Rows&) = delete;

  const char* begin() const { return block_.data() + used_; }
  const char* end() const { return block_.data() + block_.size(); }
  uint64_t offset() const { return offset_; }
  uint64_t size() const { return size_; }
  void skip(size_t bytes) {
    used_ += bytes;
    offset_ += bytes;
  }

  // Appends the next bytes of the file to what is left; false at the end of the file.
  bool more() {
    const size_t left = block_.size() - used_;
    char* to = block_.data();
    if (used_ != 0) std::memmove(to, to + used_, left);
    block_.shrink_to(left);
    used_ = 0;
    to = block_.room(kBlockBytes + kSlack);
    ssize_t got;
    do {
      got = read(fd_, to, kBlockBytes);
    } while (got < 0 && errno == EINTR);
    if (got < 0) throw Refused{{kReadFailed, 0, 0, 0, std::strerror(errno), ""}};
    block_.grow(static_cast<size_t>(got));
    std::memset(to + got, '\n', kSlack);
    return got > 0;
  }

 private:
  int fd_;
  Buffer<char> block_;
  size_t used_ = 0;
  uint64_t offset_ = 0;
  uint64_t size_ = 0;  // of the file
};

bool starts_with(const Rows& rows, const char* bytes, size_t count) {
  return static_cast<size_t>(rows.end() - rows.begin()) >= count &&
         std::memcmp(rows.begin(), bytes, count) == 0;
}

// Skips the byte-order mark and the blanks before the first row; returns the lines skipped.
uint64_t skip_to_first_row(Rows& rows) {
  rows.more();
  if (starts_with(rows, "\xFF\xFE", 2) || starts_with(rows, "\xFE\xFF", 2)) {
    throw Refused{{kUtf16, 1, 1, 0, "", ""}};
  }
  if (starts_with(rows, "\xEF\xBB\xBF", 3)) rows.skip(3);
  uint64_t lines = 0;
  for (;;) {
    const char* p = rows.begin();
    for (; p < rows.end() && is_blank(*p); ++p) lines += *p == '\n';
    rows.skip(static_cast<size_t>(p - rows.begin()));
    if (rows.begin() < rows.end()) return lines;
    if (!rows.more()) throw Refused{{kEmptyFile, 0, 0, 0, "", ""}};
  }
}

void read_rows(Rows& rows, TextParser& parser) {
  size_t searched = 0;  // bytes at the front known to hold no line feed
  bool expecting = false;
  for (;;) {
    const char* begin = rows.begin();
    const auto left = static_cast<size_t>(rows.end() - begin);
    const void* hit =
        left > searched ? std::memchr(begin + searched, '\n', left - searched) : nullptr;
    if (hit == nullptr) {
      searched = left;
      if (!expecting && rows.offset() != 0) {
        parser.expect(static_cast<double>(rows.size()) / static_cast<double>(rows.offset()));
        expecting = true;
      }
      if (rows.more()) continue;
      if (left > 0) parser.row(rows.begin(), rows.begin() + left, rows.offset());
      parser.finish(rows.offset() + left);
      return;
    }
    const auto bytes = static_cast<size_t>(static_cast<const char*>(hit) - begin);
    parser.row(begin, begin + bytes, rows.offset());
    rows.skip(bytes + 1);
    searched = 0;
  }
}
}  // namespace

void read_text_file(const std::string& path, std::vector<TextStream> streams, TextOptions options,
                    Corpus& corpus) {
  try {
    Rows rows(path);
    TextParser parser(corpus, std::move(streams), options);
    const uint64_t lines = skip_to_first_row(rows);
    parser.begin(*rows.begin(), rows.offset(), lines);
    read_rows(rows, parser);
  } catch (Refused& refused) {
    corpus.fail(std::move(refused.remark));
  } catch (const std::bad_alloc&) {
    corpus.fail({kOutOfMemory, 0, 0, 0, "", ""});
  } catch (const std::exception& error) {
    corpus.fail({kReadFailed, 0, 0, 0, error.what(), ""});
  }
}

// Always returns a corpus, which may hold a failure; null only when not even that fits in memory.
BS_EXPORT void* bs_text_read(const char* path, const bs_stream_spec* streams, int64_t count,
                             const bs_text_options* options) {
  try {
    auto corpus = std::make_unique<Corpus>();
    std::vector<TextStream> specs;
    for (int64_t i = 0; i < count; ++i) {
      const bs_stream_spec& s = streams[i];
      specs.push_back({std::string(s.alias, static_cast<size_t>(s.alias_bytes)),
                       static_cast<uint64_t>(s.dim), s.sparse != 0, s.defines_size != 0});
    }
    TextOptions settings;
    settings.chunk_bytes = static_cast<uint64_t>(options->chunk_bytes);
    settings.max_errors = static_cast<uint64_t>(options->max_errors);
    settings.skip_ids = options->skip_ids != 0;
    settings.symbolic = options->symbolic != 0;
    settings.element_bytes = options->element_bytes;
    settings.max_remarks = static_cast<uint64_t>(options->max_remarks);
    read_text_file(path, std::move(specs), settings, *corpus);
    return corpus.release();
  } catch (const std::exception&) {
    return nullptr;
  }
}
