/// The wall-clock seconds that the body takes.
func seconds(_ body: () throws -> Void) rethrows -> Double {
  let start = ContinuousClock.now
  try body()
  return (ContinuousClock.now - start) / .seconds(1)
}

func mean(_ values: some Collection<Double>) -> Double {
  values.isEmpty ? .nan : values.reduce(0, +) / Double(values.count)
}
