// The operating system's page cache: a read is only cold when the file has left it.
#pragma once

namespace tandem {

// Asks for a file that lies on its device to leave the page cache; returns the share of its pages that stayed (all of
// them on a file system in memory). Pages that somebody maps stay. Errors name what failed.
double drop_from_page_cache(int descriptor);

}  // namespace tandem
