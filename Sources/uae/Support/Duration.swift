import ArgumentParser

/// A length of time as people write it: `90s`, `3m`, `1.5h`.
struct Duration: ExpressibleByArgument {
  var seconds: Double

  init?(argument: String) {
    let units: [Character: Double] = ["s": 1, "m": 60, "h": 3600]
    guard let unit = argument.last.flatMap({ units[$0] }), let number = Double(argument.dropLast()),
      number > 0,
      number.isFinite
    else { return nil }
    seconds = number * unit
  }
}
