// Nothing of its own: the headers that all targets of a kind share are compiled with it once (tandem_headers,
// targets.cmake).
