// Decimal numbers as CNTK's text format writes them, rounded correctly to float or double.
#pragma once

#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>

#if !defined(__cpp_lib_to_chars)
#include <cstdlib>
#endif

inline bool is_digit(char c) { return static_cast<unsigned char>(c - '0') < 10; }

// Whether the number is 1 or more, as far as its first digit that is not 0 and its exponent tell.
inline bool is_large(const char* p, const char* last, int64_t exponent) {
  bool behind_point = false;
  for (; p < last && (*p == '0' || *p == '.'); ++p) {
    behind_point = behind_point || *p == '.';
    exponent -= behind_point && *p == '0';
  }
  for (; !behind_point && p < last && is_digit(*p); ++p) ++exponent;
  return exponent > 0;
}

// The text between `first` and `last` by the slow way that is always right.
template <class T>
T exact_number(const char* first, const char* last, int64_t exponent) {
  T value = 0;
#if defined(__cpp_lib_to_chars)
  if (std::from_chars(first, last, value).ec == std::errc()) return value;
  return is_large(first, last, exponent) ? std::numeric_limits<T>::infinity() : T(0);
#else
  (void)exponent;
  const std::string text(first, last);
  if constexpr (sizeof(T) == 8)
    value = std::strtod(text.c_str(), nullptr);
  else
    value = std::strtof(text.c_str(), nullptr);
  return value;
#endif
}

// A double becomes a float without rounding twice, unless it lies on the border between two floats
// or where floats are denormal: then false.
inline bool narrow(double exact, float& value) {
  uint64_t bits;
  std::memcpy(&bits, &exact, sizeof bits);
  if ((bits & 0x1FFFFFFFu) == 0x10000000u) return false;
  if (exact != 0 && (exact < 1.2e-38 || exact > 3.4e38)) return false;
  value = static_cast<float>(exact);
  return true;
}
inline bool narrow(double exact, double& value) {
  value = exact;
  return true;
}

// mantissa * 10^exponent, rounded once; the mantissa is below 2^53, the exponent within +-22.
inline double scaled(uint64_t mantissa, int64_t exponent) {
  static constexpr double kPowers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                       1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                       1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
  const double m = static_cast<double>(mantissa);
  return exponent < 0 ? m / kPowers[-exponent] : m * kPowers[exponent];
}

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "digits are read as one word");

// How many of the 8 bytes at `p` are digits before the first that is none, and their value. The
// bytes need not all belong to the text: a reader keeps kSlack bytes behind it.
constexpr size_t kSlack = 16;

struct Digits {
  uint64_t value;
  int64_t count;
};

inline Digits eight_digits(const char* p) {
  uint64_t bytes;
  std::memcpy(&bytes, p, sizeof bytes);
  uint64_t digits = bytes ^ 0x3030303030303030u;
  const uint64_t others = ((digits + 0x0606060606060606u) | digits) & 0xF0F0F0F0F0F0F0F0u;
  const int count = others == 0 ? 8 : __builtin_ctzll(others) / 8;
  if (count == 0) return {0, 0};
  digits <<= 64 - 8 * count;  // zeros in front of them
  digits = digits * 10 + (digits >> 8);
  const uint64_t low = (digits & 0x000000FF000000FFu) * 0x000F424000000064u;
  const uint64_t high = ((digits >> 16) & 0x000000FF000000FFu) * 0x0000271000000001u;
  return {(low + high) >> 32, count};
}

constexpr uint64_t kTens[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000};

// mantissa / 10^places, rounded once; false where that takes a slower way. The places are few.
inline bool divided(uint64_t mantissa, int64_t places, float& value) {
  if (mantissa < (uint64_t{1} << 24) && places <= 8) {
    value = static_cast<float>(mantissa) / static_cast<float>(kTens[places]);
    return true;
  }
  const double rough = scaled(mantissa, -places);  // at most 2 units in its last place away
  uint64_t bits;
  std::memcpy(&bits, &rough, sizeof bits);
  value = static_cast<float>(rough);
  return ((bits & 0x1FFFFFFFu) - 0x0FFFFFFCu) > 8;
}
inline bool divided(uint64_t mantissa, int64_t places, double& value) {
  value = scaled(mantissa, -places);
  return mantissa <= (uint64_t{1} << 53);
}

// The usual number: a sign, at most 8 digits, a point, at most 16 digits. Null: use `read_number`.
template <class T>
inline const char* read_usual_number(const char* p, T& value) {
  const int negative = *p == '-';
  const T sign = static_cast<T>(1 - 2 * negative);  // no branch: signs are hard to predict
  p += negative;
  const Digits whole = eight_digits(p);
  p += whole.count;
  if (whole.count == 0 || whole.count == 8) return nullptr;
  if (*p != '.') {
    if (*p == 'e' || *p == 'E') return nullptr;
    value = static_cast<T>(static_cast<int64_t>(whole.value)) * sign;
    return p;
  }
  Digits part = eight_digits(++p);
  uint64_t mantissa = whole.value * kTens[part.count] + part.value;
  int64_t places = part.count;
  p += part.count;
  if (part.count == 8) {
    part = eight_digits(p);
    if (whole.count + part.count > 11) return nullptr;
    mantissa = mantissa * kTens[part.count] + part.value;
    places += part.count;
    p += part.count;
  }
  if (*p == 'e' || *p == 'E' || is_digit(*p) || !divided(mantissa, places, value)) return nullptr;
  value *= sign;
  return p;
}

// Reads digits onto the mantissa, which wraps around beyond 19 of them.
inline const char* read_digits(const char* p, const char* end, uint64_t& mantissa) {
  for (; p < end && is_digit(*p); ++p) mantissa = mantissa * 10 + static_cast<uint64_t>(*p - '0');
  return p;
}

// Reads the exponent behind "e"; null when it has no digits.
inline const char* read_exponent(const char* p, const char* end, int64_t& exponent) {
  const bool negative = p < end && *p == '-';
  if (p < end && (*p == '-' || *p == '+')) ++p;
  if (p == end || !is_digit(*p)) return nullptr;
  for (; p < end && is_digit(*p); ++p) {
    if (exponent < 1000000) exponent = exponent * 10 + (*p - '0');
  }
  if (negative) exponent = -exponent;
  return p;
}

// number = [sign] digits ("." | [ "." digits ] [ e [sign] digits ]). Returns the end of the number,
// or null when the text at `p` is none.
template <class T>
const char* read_number(const char* p, const char* end, T& value) {
  const bool negative = p < end && *p == '-';
  if (p < end && (*p == '-' || *p == '+')) ++p;
  const char* first = p;
  uint64_t mantissa = 0;
  p = read_digits(p, end, mantissa);
  const int64_t whole = p - first;
  if (whole == 0) return nullptr;
  int64_t fraction = 0;
  int64_t exponent = 0;
  bool bare_point = false;
  if (p < end && *p == '.') {
    const char* point = ++p;
    p = read_digits(p, end, mantissa);
    fraction = p - point;
    bare_point = fraction == 0;
  }
  if (p < end && (*p == 'e' || *p == 'E')) {
    p = bare_point ? nullptr : read_exponent(p + 1, end, exponent);
    if (p == nullptr) return nullptr;
  }
  const int64_t power = exponent - fraction;
  if (power == 0 && whole + fraction < 8) {
    value = static_cast<T>(mantissa);
    if (negative) value = -value;
    return p;
  }
  const bool simple =
      whole + fraction <= 19 && mantissa <= (uint64_t{1} << 53) && power >= -22 && power <= 22;
  if (!simple || !narrow(scaled(mantissa, power), value)) {
    value = exact_number<T>(first, p, exponent);
  }
  if (negative) value = -value;
  return p;
}
