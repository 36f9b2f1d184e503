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
