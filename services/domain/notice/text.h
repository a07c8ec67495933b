#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>

// The words of a notice.
namespace gridwarden::domain {

// Replaces each {name} by its fact; one without a fact by nothing. What a fact holds is not read again.
std::string FillText(std::string_view text, const std::map<std::string, std::string>& facts);

// Whether every {name} of a text is one of `known`: the first that is not, "" when all are.
std::string UnknownName(std::string_view text, std::span<const std::string_view> known);

// One message of a heading and lines, at most `bytes_max` bytes of UTF-8: lines that do not fit are counted
// at the end ("另有 3 条"). A heading or a line that alone is too long is cut between characters.
std::string Coalesce(std::string_view heading, std::span<const std::string> lines, size_t bytes_max);

// At most `bytes_max` bytes, never half a character.
std::string CutUtf8(std::string_view text, size_t bytes_max);

}  // namespace gridwarden::domain
