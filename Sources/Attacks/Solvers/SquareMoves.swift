import Foundation
import Torch

/// What the square attack draws for the samples of a tile, on the host: each row from its sample's own stream, by the
/// number of the query alone.
struct SquareMoves {
  private let tile: Tile
  private let norm: Norm
  private let epsilon: Float
  private let originals: [Float]
  /// Of an image; a table is one row of pixels.
  private let channels: Int
  private let height: Int
  private let width: Int
  /// The windows of the start in ‖·‖₂, in the middle of the image: a fifth of its shorter side each way.
  private let lattice: [Window]

  init(_ tile: Tile, norm: Norm, epsilon: Double) {
    self.tile = tile
    self.norm = norm
    self.epsilon = Float(epsilon)
    originals = tile.originals.contiguous().floats
    let shape = Array(tile.originals.shape.dropFirst())
    let isImage = shape.count == 3
    channels = isImage ? shape[0] : 1
    height = isImage ? shape[1] : 1
    width = isImage ? shape[2] : shape.reduce(1, *)
    lattice = norm == .l2 ? Window.lattice(height, width) : []
  }

  private var length: Int { channels * height * width }
  /// Blocks of four numbers that a query takes: where, the signs of the channels, and in ‖·‖₂ which way a bump lies.
  private var blocks: Int { 1 + (channels + (norm == .l2 ? 1 : 0) + 3) / 4 }
  /// How many numbers the start takes: a sign for each stripe, or for each bump and which way it lies.
  private var startNumbers: Int {
    norm == .linf ? channels * width : lattice.count * (channels + 1)
  }

  private func uniform(_ row: Int, _ count: Int, query: Int) -> [Float] {
    // The numbers of the start are before all queries'.
    let first = (startNumbers + 3) / 4 + blocks * query
    return tile.stream(row, .search).uniform(count, position: UInt64(query == 0 ? 0 : first))
  }

  /// Vertical stripes of ±ε in each channel; in ‖·‖₂ a lattice of bumps of that length together.
  func first() -> Tensor {
    var delta = [Float](repeating: 0, count: tile.size * length)
    let bumps = lattice.first.map { SquareBumps(height: $0.height, width: $0.width) }
    for row in tile.rows {
      let drawn = uniform(row, startNumbers, query: 0)
      for channel in 0..<channels {
        switch norm {
        case .linf:
          let whole = Window(top: 0, left: 0, height: height, width: width)
          eachPixel(row, channel, whole) { i in
            delta[i] = drawn[channel * width + i % width] < 0.5 ? -epsilon : epsilon
          }
        case .l2:
          guard let bumps else { break }
          for (number, cell) in lattice.enumerated() {
            let own = number * (channels + 1)
            let bump = bumps(drawn[own + channels])
            let sign: Float = drawn[own + channel] < 0.5 ? 1 : -1
            var next = 0
            eachPixel(row, channel, cell) { i in
              delta[i] = sign * bump[next]
              next += 1
            }
          }
        }
      }
      if norm == .l2 { stretch(&delta, row) }
    }
    return Tensor(delta, tile.originals.shape).to(tile.originals.device)
  }

  /// The iterates with one square of each changed.
  func moved(_ best: Tensor, share: Double, query: Int) -> Tensor {
    var values = best.contiguous().floats
    let side = side(share)
    let bumps = norm == .l2 ? SquareBumps(height: min(height, side), width: min(width, side)) : nil
    for row in tile.rows {
      let drawn = uniform(row, 4 * blocks, query: query)
      let window = window(side, drawn[0], drawn[1])
      switch norm {
      case .linf:
        // The projection that follows cuts what is beyond the edge of the ball.
        for channel in 0..<channels {
          let step = drawn[4 + channel] >= 0.5 ? 2 * epsilon : -2 * epsilon
          eachPixel(row, channel, window) { values[$0] += step }
        }
      case .l2:
        guard let bumps else { break }
        move(
          &values, row, from: self.window(side, drawn[2], drawn[3]), to: window,
          signs: Array(drawn[4..<4 + channels]), bump: bumps(drawn[4 + channels]))
      }
    }
    return Tensor(values, best.shape).to(best.device)
  }

  private struct Window {
    var top: Int
    var left: Int
    var height: Int
    var width: Int

    static func lattice(_ height: Int, _ width: Int) -> [Window] {
      let side = max(1, (height == 1 ? width : min(height, width)) / 5)
      let tall = min(height, side)
      func places(_ room: Int, _ size: Int) -> StrideTo<Int> {
        stride(from: room % size / 2, to: room - room % size, by: size)
      }
      return places(height, tall).flatMap { top in
        places(width, side).map { Window(top: top, left: $0, height: tall, width: side) }
      }
    }
  }

  /// The side of a square of the share of the pixels; of a table the length of a stretch. In ‖·‖₂ at least 3, and odd.
  private func side(_ share: Double) -> Int {
    let pixels = share * Double(height * width)
    let side = max(1, Int((height == 1 ? pixels : pixels.squareRoot()).rounded()))
    return norm == .l2 ? max(3, side) | 1 : side
  }

  /// A square of that side, somewhere.
  private func window(_ side: Int, _ a: Float, _ b: Float) -> Window {
    let tall = min(height, side), wide = min(width, side)
    func place(_ uniform: Float, _ room: Int) -> Int { min(Int(uniform * Float(room + 1)), room) }
    return Window(top: place(a, height - tall), left: place(b, width - wide), height: tall, width: wide)
  }

  private func eachPixel(_ row: Int, _ channel: Int, _ window: Window, _ body: (Int) -> Void) {
    for y in window.top..<window.top + window.height {
      let start = row * length + (channel * height + y) * width + window.left
      for i in start..<start + window.width { body(i) }
    }
  }

  /// Empties one window and puts what it had, and what the ball has room for, into the other: its own δ and a bump together.
  private func move(
    _ values: inout [Float], _ row: Int, from old: Window, to new: Window, signs: [Float], bump: [Float]
  ) {
    var delta = values
    var whole: Float = 0
    for i in row * length..<(row + 1) * length {
      delta[i] = values[i] - originals[i]
      whole += delta[i] * delta[i]
    }
    for channel in 0..<channels {
      var own: Float = 0
      eachPixel(row, channel, new) { own += delta[$0] * delta[$0] }
      var taken = own
      eachPixel(row, channel, old) { i in
        if !contains(new, i) { taken += delta[i] * delta[i] }
      }
      let mass = max(0, epsilon * epsilon - whole) / Float(channels) + taken
      var mixed: [Float] = []
      var total: Float = 0
      let sign: Float = signs[channel] >= 0.5 ? 1 : -1
      eachPixel(row, channel, new) { i in
        let value = sign * bump[mixed.count] + delta[i] / max(own.squareRoot(), 1e-12)
        mixed.append(value)
        total += value * value
      }
      eachPixel(row, channel, old) { delta[$0] = 0 }
      let scale = (mass / max(total, 1e-24)).squareRoot()
      var next = 0
      eachPixel(row, channel, new) { i in
        delta[i] = mixed[next] * scale
        next += 1
      }
    }
    stretch(&delta, row)
    for i in row * length..<(row + 1) * length { values[i] = originals[i] + delta[i] }
  }

  private func contains(_ window: Window, _ index: Int) -> Bool {
    let y = index % (height * width) / width, x = index % width
    return window.top..<window.top + window.height ~= y && window.left..<window.left + window.width ~= x
  }

  /// Brings a row's δ to the length ε.
  private func stretch(_ delta: inout [Float], _ row: Int) {
    let range = row * length..<(row + 1) * length
    let norm = range.reduce(Float(0)) { $0 + delta[$1] * delta[$1] }.squareRoot()
    guard norm > 1e-12 else { return }
    for i in range { delta[i] *= epsilon / norm }
  }
}
