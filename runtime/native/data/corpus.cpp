// What Python asks of a corpus, and the join of several by sequence key.
#include "corpus.h"

#include <algorithm>
#include <unordered_map>

void look_at_lengths(Corpus& corpus) {
  for (StreamView& stream : corpus.streams) {
    stream.single = true;
    for (uint64_t s = 0; s < corpus.sequences() && stream.single; ++s) {
      stream.single = stream.length(s) == 1;
    }
  }
}

namespace {
using KeyTable = std::unordered_map<uint64_t, uint32_t>;

KeyTable key_table(const Corpus& corpus) {
  KeyTable table;
  table.reserve(corpus.sequences());
  for (uint64_t s = 0; s < corpus.sequences(); ++s) {
    table.emplace(corpus.keys[s], static_cast<uint32_t>(s));
  }
  return table;
}

// Finds sequence `s` of the first part in all others; false when one of them lacks it.
bool find_in_all(const std::vector<const Corpus*>& parts, const std::vector<KeyTable>& tables,
                 uint64_t s, std::vector<uint32_t>& found) {
  found[0] = static_cast<uint32_t>(s);
  for (size_t p = 1; p < parts.size(); ++p) {
    const auto hit = tables[p].find(parts[0]->keys[s]);
    if (hit == tables[p].end()) return false;
    found[p] = hit->second;
  }
  return true;
}

void take_streams(const Corpus& part, const std::vector<uint32_t>& picked, Corpus& out) {
  for (const StreamView& stream : part.streams) {
    StreamView view{stream.data, {}, true};
    view.picked.reserve(picked.size());
    for (uint32_t s : picked) view.picked.push_back(static_cast<uint32_t>(stream.source(s)));
    out.streams.push_back(std::move(view));
  }
}
}  // namespace

void join_corpora(const std::vector<const Corpus*>& parts, Corpus& out) {
  const Corpus& lead = *parts[0];
  std::vector<KeyTable> tables(parts.size());
  for (size_t p = 1; p < parts.size(); ++p) tables[p] = key_table(*parts[p]);
  std::vector<std::vector<uint32_t>> picked(parts.size());
  std::vector<uint32_t> found(parts.size());
  for (size_t chunk = 0; chunk + 1 < lead.chunks.size(); ++chunk) {
    for (uint64_t s = lead.chunks[chunk]; s < lead.chunks[chunk + 1]; ++s) {
      if (!find_in_all(parts, tables, s, found)) {
        ++out.dropped;
        continue;
      }
      uint32_t length = 0;
      for (size_t p = 0; p < parts.size(); ++p) {
        picked[p].push_back(found[p]);
        length = std::max(length, parts[p]->lengths[found[p]]);
      }
      out.keys.push_back(lead.keys[s]);
      out.lengths.push_back(length);
    }
    if (out.keys.size() > out.chunks.back()) {
      out.chunks.push_back(static_cast<uint32_t>(out.keys.size()));
    }
  }
  if (out.keys.empty()) {
    out.fail({kNothingJoined, 0, 0, 0, "", ""});
    return;
  }
  for (size_t p = 0; p < parts.size(); ++p) take_streams(*parts[p], picked[p], out);
  look_at_lengths(out);
}

namespace {
const Corpus& corpus_of(const void* handle) { return *static_cast<const Corpus*>(handle); }

void export_remark(const Remark& remark, bs_remark* out) {
  out->kind = remark.kind;
  out->line = static_cast<int64_t>(remark.line);
  out->column = static_cast<int64_t>(remark.column);
  out->sequence = static_cast<int64_t>(remark.sequence);
  out->text = remark.text.c_str();
  out->excerpt = remark.excerpt.c_str();
}
}  // namespace

BS_EXPORT void bs_corpus_free(void* handle) { delete static_cast<Corpus*>(handle); }

// The joined corpus of `count` others, or null when memory is short. The parts stay as they are.
BS_EXPORT void* bs_corpus_join(const void* const* handles, int64_t count) {
  try {
    auto out = std::make_unique<Corpus>();
    std::vector<const Corpus*> parts;
    for (int64_t i = 0; i < count; ++i) parts.push_back(&corpus_of(handles[i]));
    join_corpora(parts, *out);
    return out.release();
  } catch (const std::exception&) {
    return nullptr;
  }
}

// Why the corpus could not be read: 1 and the remark, or 0 when all is well.
BS_EXPORT int64_t bs_corpus_failure(const void* handle, bs_remark* out) {
  if (!corpus_of(handle).failed) return 0;
  export_remark(corpus_of(handle).failure, out);
  return 1;
}

BS_EXPORT int64_t bs_corpus_remarks(const void* handle) {
  return static_cast<int64_t>(corpus_of(handle).remarks.size());
}

BS_EXPORT void bs_corpus_remark(const void* handle, int64_t index, bs_remark* out) {
  export_remark(corpus_of(handle).remarks[static_cast<size_t>(index)], out);
}

// Totals: sequences, samples as minibatches count them, chunks, errors, remarks left out, dropped.
BS_EXPORT void bs_corpus_totals(const void* handle, int64_t* out) {
  const Corpus& corpus = corpus_of(handle);
  uint64_t samples = 0;
  for (uint32_t length : corpus.lengths) samples += length;
  out[0] = static_cast<int64_t>(corpus.sequences());
  out[1] = static_cast<int64_t>(samples);
  out[2] = static_cast<int64_t>(corpus.chunks.size()) - 1;
  out[3] = static_cast<int64_t>(corpus.errors);
  out[4] = static_cast<int64_t>(corpus.remarks_left_out);
  out[5] = static_cast<int64_t>(corpus.dropped);
}

BS_EXPORT const uint64_t* bs_corpus_keys(const void* handle) {
  return corpus_of(handle).keys.data();
}

// What the keys stand for, where they are no numbers in the file.
BS_EXPORT int64_t bs_corpus_names(const void* handle) {
  return static_cast<int64_t>(corpus_of(handle).names.size());
}

BS_EXPORT const char* bs_corpus_name(const void* handle, int64_t number) {
  return corpus_of(handle).names[static_cast<size_t>(number)].c_str();
}

// Every sequence gets another key.
BS_EXPORT void bs_corpus_set_keys(void* handle, const uint64_t* keys) {
  std::vector<uint64_t>& own = static_cast<Corpus*>(handle)->keys;
  std::copy(keys, keys + own.size(), own.begin());
}

BS_EXPORT const uint32_t* bs_corpus_lengths(const void* handle) {
  return corpus_of(handle).lengths.data();
}

BS_EXPORT const uint32_t* bs_corpus_chunks(const void* handle) {
  return corpus_of(handle).chunks.data();
}

// Whether two streams have equally long sequences throughout; else 1 and the first that differs.
BS_EXPORT int64_t bs_corpus_compare(const void* handle, int64_t left, int64_t right, int64_t* out) {
  const Corpus& corpus = corpus_of(handle);
  const StreamView& a = corpus.streams[static_cast<size_t>(left)];
  const StreamView& b = corpus.streams[static_cast<size_t>(right)];
  if (a.single && b.single) return 0;
  for (uint64_t s = 0; s < corpus.sequences(); ++s) {
    if (a.length(s) == b.length(s)) continue;
    out[0] = static_cast<int64_t>(corpus.keys[s]);
    out[1] = static_cast<int64_t>(a.length(s));
    out[2] = static_cast<int64_t>(b.length(s));
    return 1;
  }
  return 0;
}

BS_EXPORT int64_t bs_corpus_single(const void* handle, int64_t stream) {
  return corpus_of(handle).streams[static_cast<size_t>(stream)].single ? 1 : 0;
}
