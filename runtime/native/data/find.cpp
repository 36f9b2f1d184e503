// Steps that a condition selects, for compiled steps: the layout of a new axis, and their numbers.
#include <cmath>
#include <limits>
#include <memory>
#include <new>

#if __has_include(<unistd.h>)
#include <unistd.h>
#endif

#include "layout.h"

namespace {
enum Found : int64_t { kNoStep = 1, kTooMany = 2, kCut = 5 };

// How many steps of a sequence are taken up to each of its steps: as many as the sum of the
// condition, rounded up, with a margin for what rounding adds to fractions like 1/3.
template <class T>
class Taken {
 public:
  int64_t after(T condition) {
    constexpr T kMargin = T(1) - std::numeric_limits<T>::epsilon();
    wanted_ += static_cast<double>(condition);
    const double most = std::ceil(wanted_ * static_cast<double>(kMargin));
    if (most > static_cast<double>(count_)) count_ = static_cast<int64_t>(std::min(most, 1e9));
    return count_;
  }

 private:
  double wanted_ = 0;
  int64_t count_ = 0;
};

template <class T>
class Finder {
 public:
  Finder(const Layout& base, Layout& found, const T* condition, T* out)
      : base_(base), found_(found), condition_(condition), out_(out) {}

  // False when the new axis has no room, or a sequence without steps.
  bool run() {
    if (!count()) return false;
    found_.set_lengths(base_.sequences(), [&](int64_t number) {
      return found_.slots()[number];
    });
    for (int64_t rank = 0; rank < found_.sequences(); ++rank) write(rank);
    for (int64_t rank = 0; rank < found_.sequences(); ++rank) {
      found_.slots()[rank] = found_.order()[rank];
    }
    return true;
  }

  // The steps of the condition as they are, so that what follows has something to work on.
  void give_up(Found reason) {
    found_.set_lengths(base_.sequences(), [&](int64_t number) {
      return base_.lengths()[base_.ranks()[number]];
    });
    for (int64_t rank = 0; rank < found_.sequences(); ++rank) {
      for (int64_t t = 0; t < found_.lengths()[rank]; ++t) {
        out_[found_.offsets()[t] + rank] = static_cast<T>(t);
      }
    }
    found_.complain(reason);
  }

  Found reason() const { return reason_; }

 private:
  T at(int64_t rank, int64_t step) const { return condition_[base_.offsets()[step] + rank]; }

  // The steps of each sequence, by number, for a moment in the array of slots.
  bool count() {
    int64_t total = 0;
    for (int64_t number = 0; number < base_.sequences(); ++number) {
      const int64_t rank = base_.ranks()[number];
      Taken<T> taken;
      int64_t steps = 0;
      for (int64_t t = 0; t < base_.lengths()[rank]; ++t) steps = taken.after(at(rank, t));
      reason_ = steps == 0 ? kNoStep : kTooMany;
      if (!base_.whole(rank)) reason_ = kCut;
      total += steps;
      if (reason_ == kCut || steps == 0 || total > found_.capacity()) return false;
      found_.slots()[number] = steps;
    }
    return true;
  }

  void write(int64_t rank) {
    const int64_t source = base_.ranks()[found_.order()[rank]];
    Taken<T> taken;
    int64_t written = 0;
    for (int64_t t = 0; t < base_.lengths()[source]; ++t) {
      for (const int64_t end = taken.after(at(source, t)); written < end; ++written) {
        out_[found_.offsets()[written] + rank] = static_cast<T>(t);
      }
    }
  }

  const Layout& base_;
  Layout& found_;
  const T* condition_;
  T* out_;
  Found reason_ = kNoStep;
};

size_t memory_of_machine() {
#ifdef _SC_PHYS_PAGES
  return static_cast<size_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<size_t>(sysconf(_SC_PAGESIZE));
#else
  return std::numeric_limits<size_t>::max();
#endif
}

template <class T>
void find(const Layout& base, Layout& found, const void* condition, void* out) {
  Finder<T> finder(base, found, static_cast<const T*>(condition), static_cast<T*>(out));
  if (!finder.run()) finder.give_up(finder.reason());
  found.publish();
}
}  // namespace

// `Where`: both layouts are those of a frame; `condition` and `out` have one value for each column.
BS_EXPORT void bs_find_steps(int64_t* base, int64_t* found, const void* condition, void* out,
                             int64_t element_bytes) {
  Layout from(base);
  Layout to(found);
  if (element_bytes == 8) {
    find<double>(from, to, condition, out);
  } else {
    find<float>(from, to, condition, out);
  }
}

// Memory of a thread for compiled steps: writes the address of so many bytes to `place`, or null
// where the machine has not so many. They last until the thread asks again.
BS_EXPORT void bs_scratch(void** place, int64_t bytes) {
  thread_local std::unique_ptr<double[]> memory;
  thread_local size_t size = 0;
  const auto words = static_cast<size_t>(bytes / 8 + 1);
  if (size < words) {
    memory.reset();
    if (words <= memory_of_machine() / 8) memory.reset(new (std::nothrow) double[words]);
    size = memory == nullptr ? 0 : words;
  }
  *place = size < words ? nullptr : memory.get();
}
