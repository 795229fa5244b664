// Detached signatures by OpenSSH (ssh-keygen -Y, namespace "tandem"): FILE.sig beside FILE. Keys that people have, and
// nothing of our own to trust.
#pragma once

#include <filesystem>
#include <string>

namespace tandem {

std::filesystem::path signature_of(const std::filesystem::path& file);  // FILE.sig

// Errors: no ssh-keygen, no such key (exit code 2), one that it cannot sign with (1).
void sign_file(const std::filesystem::path& file, const std::filesystem::path& key);

// Who signed, as the file of allowed signers names him. Errors: no ssh-keygen, signature or list (2); a key that the
// list does not name, a file that was changed after it was signed (3).
std::string check_signature(const std::filesystem::path& file, const std::filesystem::path& allowed_signers);

}  // namespace tandem
