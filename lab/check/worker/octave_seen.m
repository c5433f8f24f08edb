% Keeps what functions are given and return, and the variables of whoever calls them, as octave_seen.py has put it in
% front of them. An event is a kind, the name of the function, names of variables, and the numbers of their values.

function gradlab_saw (kind, name, names, values)
  global gradlab_seen
  if (numel (gradlab_seen.events) >= gradlab_seen.most)
    return
  end
  kept = cellfun (@(v) isnumeric (v) || islogical (v) || iscell (v) || isstruct (v), values);
  names = names(kept);
  numbers = cellfun (@(n, v) gradlab_number (["in_" kind "_" name "_" n], v), names, values(kept));
  gradlab_seen.events{end + 1} = {kind, name, names(:)', reshape(numbers, 1, [])};
end

function n = gradlab_number (place, value)
  global gradlab_seen
  if (isfield (gradlab_seen.last, place))
    n = gradlab_seen.last.(place);
    if (isequal (gradlab_seen.values{n}, value))
      return
    end
  end
  gradlab_seen.values{end + 1} = value;
  n = gradlab_seen.last.(place) = numel (gradlab_seen.values);
end

function gradlab_look ()
  names = evalin ("caller", "who");
  values = cell (size (names));
  for i = 1:numel (names)
    values{i} = evalin ("caller", names{i});
  end
  gradlab_saw ("beside", "", names, values);
end

function [events, values] = gradlab_all_seen ()
  global gradlab_seen
  events = gradlab_seen.events;
  values = gradlab_seen.values;
end
