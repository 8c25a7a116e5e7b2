# Forks without exec; parent and children change the strings that they share.
rows = Array.new(50_000) { |i| "row #{i}" }
children = Array.new(3) do |n|
  fork do
    rows.each { |row| row << n.to_s }
    exit!(rows.sum(&:size) == 0 ? 1 : 0)
  end
end
rows.each { |row| row << "parent" }
children.each { |pid| Process.wait(pid) }
puts rows.sum(&:size)
