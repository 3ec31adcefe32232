import Datasets
import Models

/// Which ordinary views serve best, by trials of which a fifth of the training samples is kept out: what examples have to beat.
enum Table5Trials {
  /// The candidates. Of images: parts from 0.08 or 0.2 of the area, grey every fifth or tenth time, colours that change half as
  /// much, as much or twice as much as usual. Of rows: noise and values left out.
  static func candidates(isTable: Bool) -> [RandomViews] {
    if isTable {
      return [0.05, 0.1, 0.2].flatMap { noise in
        [0.2, 0.4, 0.6].map { RandomViews.rows(noise: noise, dropped: $0) }
      }
    }
    return [0.08, 0.2].flatMap { area in
      [0.2, 0.1].flatMap { greys in
        [0.5, 1, 2].map { strength in
          var views = ImageViews()
          views.area = area...1
          views.greys = greys
          views.brightness *= strength
          views.contrast *= strength
          views.saturation *= strength
          views.hue *= strength
          return .images(views)
        }
      }
    }
  }

  /// The trials that a plan needs: none without the arm.
  static func cells(_ plan: Table5Plan) -> [Table5Cell] {
    guard plan.arms.contains(.tuned) else { return [] }
    return candidates(isTable: plan.model == ModelFamily.contrastiveDense.name).map {
      Table5Cell(plan: plan, arm: .original, seed: 0, views: $0, isTrial: true)
    }
  }

  /// The views of the trial with the most classes told right by a linear head; nil before all are finished.
  static func best(_ plan: Table5Plan, _ found: FinishedCells<Table5Cell>) -> RandomViews? {
    let cells = cells(plan), finished = cells.compactMap { found[$0] }
    guard finished.count == cells.count else { return nil }
    return finished.max { $0.outcome.quality.linear < $1.outcome.quality.linear }?.cell.views
  }
}

extension RandomViews {
  /// The settings that trials choose, in words.
  var choiceText: String {
    switch self {
    case .images(let views):
      "parts from \(views.area.lowerBound) of the area, grey with \(views.greys), colours changed by \(views.brightness)"
    case .rows(let noise, let dropped): "noise of \(noise), \(dropped) of the values left out"
    }
  }
}
