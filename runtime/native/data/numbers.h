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

// The text between `first` and `last` by the slow way that is always right.
template <class T>
T exact_number(const char* first, const char* last, bool huge) {
  T value = 0;
#if defined(__cpp_lib_to_chars)
  const auto result = std::from_chars(first, last, value);
  if (result.ec == std::errc()) return value;
  return huge ? std::numeric_limits<T>::infinity() : T(0);
#else
  (void)huge;
  const std::string text(first, last);
  if constexpr (sizeof(T) == 8) value = std::strtod(text.c_str(), nullptr);
  else value = std::strtof(text.c_str(), nullptr);
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

// What the digits of a number say: mantissa * 10^exponent, exact unless more than 19 digits.
struct Decimal {
  uint64_t mantissa = 0;
  int64_t exponent = 0;
  int digits = 0;

  void add(char c) {
    if (digits < 19) {
      mantissa = mantissa * 10 + static_cast<uint64_t>(c - '0');
      digits += mantissa != 0;
    } else {
      ++digits;
      ++exponent;
    }
  }
  bool simple() const {
    return digits <= 19 && mantissa <= (uint64_t{1} << 53) && exponent >= -22 && exponent <= 22;
  }
  double value() const {
    static constexpr double kPowers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                         1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                         1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    const double m = static_cast<double>(mantissa);
    return exponent < 0 ? m / kPowers[-exponent] : m * kPowers[exponent];
  }
};

// Reads the exponent behind "e"; null when it has no digits.
inline const char* read_exponent(const char* p, const char* end, Decimal& decimal) {
  const bool negative = p < end && *p == '-';
  if (p < end && (*p == '-' || *p == '+')) ++p;
  if (p == end || !is_digit(*p)) return nullptr;
  int64_t exponent = 0;
  for (; p < end && is_digit(*p); ++p) {
    if (exponent < 1000000) exponent = exponent * 10 + (*p - '0');
  }
  decimal.exponent += negative ? -exponent : exponent;
  return p;
}

// number = [sign] digits ("." | [ "." digits ] [ e [sign] digits ]). Returns the end of the number,
// or null when the text at `p` is none.
template <class T>
const char* read_number(const char* p, const char* end, T& value) {
  const bool negative = p < end && *p == '-';
  if (p < end && (*p == '-' || *p == '+')) ++p;
  if (p == end || !is_digit(*p)) return nullptr;
  const char* first = p;
  Decimal decimal;
  for (; p < end && is_digit(*p); ++p) decimal.add(*p);
  bool bare_point = false;
  if (p < end && *p == '.') {
    const char* point = p++;
    for (; p < end && is_digit(*p); ++p) {
      decimal.add(*p);
      --decimal.exponent;
    }
    bare_point = p == point + 1;
  }
  if (p < end && (*p == 'e' || *p == 'E')) {
    if (bare_point) return nullptr;
    p = read_exponent(p + 1, end, decimal);
    if (p == nullptr) return nullptr;
  }
  if (!decimal.simple() || !narrow(decimal.value(), value)) {
    value = exact_number<T>(first, p, decimal.exponent + decimal.digits > 0);
  }
  if (negative) value = -value;
  return p;
}
