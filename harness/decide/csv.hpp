// Comma-separated values by RFC 4180: fields with a comma, a quote or a line break stand in quotes, a quote is doubled.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tandem {

// One record, closed by CR LF as the RFC asks.
std::string csv_record(const std::vector<std::string>& fields);

// All records; lines may end with LF alone. Every record must have as many fields as the first. Errors (exit code 2)
// name `source` and the line: an open quote, text beside one, a record of another length.
std::vector<std::vector<std::string>> parse_csv(std::string_view text, const std::string& source);

}  // namespace tandem
