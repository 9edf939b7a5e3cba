# Makes a record of lines "SUBJECT" or "SUBJECT BASELINE": every value, and the texts of its row in the README's table.
def digits: if . == 0 then 0 else . as $x | pow(10; 2 - (fabs | log10 | floor)) as $p | $x * $p | round / $p end;
def range: sort | {median: .[(length - 1) / 2 | floor], low: first, high: last} | map_values(digits);
def spread($unit): "\(.median)\($unit)" + if .low == .high then "" else " (\(.low) to \(.high))" end;
[inputs | split(" ") | map(select(. != "") | tonumber)] as $values
| ($values | map(.[0]) | range) as $subject
| (if $baseline == "" then null else $values | map(.[0] / .[1]) | range end) as $ratio
| ($ratio // $subject | .median) as $judged
| ($target | capture("^(?<than>[<>])= (?<bound>[0-9.]+)$") // null) as $goal
| {
    $what,
    figure: $subject | spread(" \($unit)"),
    ratio: "",
    target: "",
    $command, $unit, $values, $provenance
  }
| if $ratio then
    ($values | map(.[1]) | range) as $other
    | .ratio = "\($ratio | spread("")) of \($baseline), \($other.median) \($unit)"
  else . end
| if $goal then
    ($goal.bound | tonumber) as $bound
    | (if $goal.than == ">" then $judged >= $bound else $judged <= $bound end) as $met
    | (if $goal.than == ">" then "at least" else "at most" end) as $than
    | .target = "\($than) \($goal.bound): \(if $met then "met" else "missed" end)"
  else . end
