// What a power cut left of a run that is to go on: an append-only file may end in the middle of a line, and the last
// launch may lack some of its lines.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace tandem {

// Drops a torn end from the ledger and the files beside it, and a last launch that is not whole, so that it is measured
// again. Returns what was dropped, a sentence each; nothing = all was whole. Damage anywhere but at the end is no power
// cut: Error(Exit::invalid). Lines of a launch that never ended are no damage: they go without a word.
std::vector<std::string> repair(const std::filesystem::path& folder);

// The files of a result directory that hold lines of launches; the ledger's launch line has a digest for each.
const std::vector<std::string>& record_files();

}  // namespace tandem
