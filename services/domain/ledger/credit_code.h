#pragma once

#include <string_view>

// The unified social credit code (统一社会信用代码) of GB 32100-2015: 18 characters, the last one a check
// character.
namespace gridwarden::domain {

// True for 18 characters of the code's alphabet (digits and capitals without I, O, S, V, Z) whose check
// character is right.
bool IsCreditCode(std::string_view code);

}  // namespace gridwarden::domain
