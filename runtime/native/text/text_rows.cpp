// One row of a text file: samples of the declared streams, comments, and what can be wrong with
// them.
#include <algorithm>
#include <cstdio>

#include "numbers.h"
#include "text.h"

namespace {
// Blanks, tabs, other control bytes and bytes beyond ASCII stand between values.
inline bool is_separator(char c) { return static_cast<unsigned char>(c - 0x21) >= 0x5F; }

inline bool ends_value(const char* p, const char* end) {
  return p == end || *p == '|' || is_separator(*p);
}

inline const char* skip_separators(const char* p, const char* end) {
  while (p < end && is_separator(*p)) ++p;
  return p;
}

inline const char* next_bar(const char* p, const char* end) {
  const void* bar = p < end ? std::memchr(p, '|', static_cast<size_t>(end - p)) : nullptr;
  return bar == nullptr ? end : static_cast<const char*>(bar);
}

// The word at `p`, printable and at most 40 bytes long.
std::string word_at(const char* p, const char* end) {
  std::string word;
  while (p < end && word.size() < 40 && !ends_value(p, end)) word.push_back(*p++);
  return word;
}

// The row around `at` for a message: printable ASCII, at most 120 bytes.
std::string excerpt_of(const char* begin, const char* end, const char* at) {
  const char* from = at - begin > 60 ? at - 60 : begin;
  std::string text(from, static_cast<size_t>(std::min<ptrdiff_t>(end - from, 120)));
  for (char& c : text) {
    if (is_separator(c)) c = ' ';
  }
  return text;
}
}  // namespace

Remark TextParser::remark(RemarkKind kind, const char* at, std::string text) const {
  const char* place = at == nullptr ? row_begin_ : at;
  uint64_t column = 1;
  for (const char* p = row_begin_; p < place; ++p) {
    column += (static_cast<unsigned char>(*p) & 0xC0) != 0x80;
  }
  return {kind, line_, column, key_, std::move(text), excerpt_of(row_begin_, row_end_, place)};
}

// A remark on the open sequence as a whole: at its first row.
Remark TextParser::sequence_remark(RemarkKind kind, std::string text) const {
  return {kind, sequence_line_, 1, key_, std::move(text), ""};
}

void TextParser::warn(Remark found) {
  if (remarks_full()) {
    ++corpus_.remarks_left_out;
  } else {
    corpus_.remarks.push_back(std::move(found));
  }
}

void TextParser::count_error(Remark found) {
  spoiled_ = true;
  if (++corpus_.errors > options_.max_errors) throw Refused{std::move(found)};
  warn(std::move(found));
}

void TextParser::Column::learn_name() {
  const size_t bytes = spec.alias.size();
  if (bytes == 0 || bytes > sizeof name) return;
  mask = ~uint64_t{0} >> (64 - 8 * bytes);
  std::memcpy(&name, spec.alias.data(), bytes);
}

// Whether the name begins here, and no longer one.
bool TextParser::Column::named(const char* at) const {
  uint64_t bytes;
  std::memcpy(&bytes, at, sizeof bytes);
  if (mask == 0 || (bytes & mask) != name) return false;
  const char behind = at[spec.alias.size()];
  return behind == '|' || is_separator(behind);
}

TextParser::Column* TextParser::find_column(const char* name, size_t bytes) {
  for (size_t i = 0; i < columns_.size(); ++i) {
    const size_t index =
        expected_ + i < columns_.size() ? expected_ + i : expected_ + i - columns_.size();
    const std::string& alias = columns_[index].spec.alias;
    if (alias.size() == bytes && std::memcmp(alias.data(), name, bytes) == 0) {
      expected_ = index + 1 < columns_.size() ? index + 1 : 0;
      return &columns_[index];
    }
  }
  return nullptr;
}

// What follows the id of a row; one that does not count is skipped.
void TextParser::read_row(const char* p, const char* end) {
  uint64_t samples = 0;
  const uint64_t errors = corpus_.errors;
  p = skip_separators(p, end);
  while (p < end) {
    if (*p == '|') {
      p = read_sample(p + 1, end, samples);
    } else {
      count_error(remark(kNoBar, p, word_at(p, end)));
      p = next_bar(p, end);
    }
    p = skip_separators(p, end);
  }
  if (samples == 0 && corpus_.errors == errors) count_error(remark(kBlankRow, row_begin_));
}

// A sample or a comment, behind its bar. A sample that cannot be read leaves no values behind.
const char* TextParser::read_sample(const char* p, const char* end, uint64_t& samples) {
  if (p < end && *p == '#') return next_bar(p, end);
  const char* name = p;
  Column* column = &columns_[expected_];
  if (column->named(p)) {
    p += column->spec.alias.size();
    if (++expected_ == columns_.size()) expected_ = 0;
  } else {
    while (!ends_value(p, end)) ++p;
    if (p == name) {
      count_error(remark(kNoName, name));
      return next_bar(p, end);
    }
    column = find_column(name, static_cast<size_t>(p - name));
    if (column == nullptr) return next_bar(p, end);
  }
  ++column->seen;
  StreamData& data = *column->data;
  const bool wide = data.element_bytes == 8;
  if (column->spec.sparse) {
    p = wide ? read_sparse(*column, data.doubles, p, end)
             : read_sparse(*column, data.floats, p, end);
  } else {
    p = wide ? read_dense(*column, data.doubles, p, end) : read_dense(*column, data.floats, p, end);
  }
  if (p == nullptr) return next_bar(name, end);
  ++column->samples;
  ++samples;
  return p;
}

// A number and the end of its word; null when it is none, which is counted.
template <class T>
inline const char* TextParser::read_value(const char* p, const char* end, T& value) {
  if (static_cast<int>(is_digit(*p)) & static_cast<int>(is_separator(p[1]))) {  // one branch
    value = static_cast<T>(*p - '0');
    return p + 1;
  }
  const char* next = read_usual_number(p, value);
  if (next == nullptr) next = read_number(p, end, value);
  if (next != nullptr && ends_value(next, end)) return next;
  count_error(remark(kBadNumber, p, word_at(p, end)));
  return nullptr;
}

// Null when the sample is bad; the error has been counted then.
template <class T>
const char* TextParser::read_dense(Column& column, Buffer<T>& values, const char* p,
                                   const char* end) {
  const uint64_t dim = column.spec.dim;
  const uint64_t most = std::min<uint64_t>(dim, static_cast<uint64_t>(end - p));
  T* to = values.room(most);
  uint64_t count = 0;
  for (p = skip_separators(p, end); p < end && *p != '|'; p = skip_separators(p, end)) {
    if (count == dim) {
      count_error(remark(kTooManyValues, p, column.spec.alias));
      return nullptr;
    }
    p = read_value(p, end, to[count]);
    if (p == nullptr) return nullptr;
    ++count;
  }
  if (count < dim) {
    if (remarks_full())
      ++corpus_.remarks_left_out;
    else
      warn(remark(kTooFewValues, p, column.spec.alias));
    to = values.room(dim);
    std::fill(to + count, to + dim, T(0));
  }
  values.grow(dim);
  return p;
}

template <class T>
const char* TextParser::read_sparse(Column& column, Buffer<T>& values, const char* p,
                                    const char* end) {
  StreamData& data = *column.data;
  const size_t before = values.size();
  for (p = skip_separators(p, end); p < end && *p != '|'; p = skip_separators(p, end)) {
    p = read_entry(column, values, p, end);
    if (p == nullptr) {
      values.shrink_to(before);
      data.rows.shrink_to(before);
      return nullptr;
    }
  }
  data.entry.push(values.size());
  return p;
}

// index ":" number
template <class T>
const char* TextParser::read_entry(Column& column, Buffer<T>& values, const char* p,
                                   const char* end) {
  const char* start = p;
  const Digits few = eight_digits(p);
  uint64_t index = few.value;
  p += few.count;
  for (; few.count == 8 && p < end && is_digit(*p); ++p) {
    if (index < column.spec.dim) index = index * 10 + static_cast<uint64_t>(*p - '0');
  }
  if (p == start || p == end || *p != ':') {
    count_error(remark(kBadIndex, start, word_at(start, end)));
    return nullptr;
  }
  if (index >= column.spec.dim) {
    count_error(remark(kIndexOutOfRange, start, column.spec.alias));
    return nullptr;
  }
  T value;
  p = read_value(p + 1, end, value);
  if (p == nullptr) return nullptr;
  column.data->rows.push(static_cast<int32_t>(index));
  values.push(value);
  return p;
}
