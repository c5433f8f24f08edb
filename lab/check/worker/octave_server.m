% Answers calls of functions, as octave.py asks for them: a byte on one pipe says that a question stands in its file, a
% byte on another that the answer does. Both files are Octave's own binary format. What that cannot hold (functions,
% objects) stays here, and structs stand for it.

1;

function gradlab_serve ()
  asked = fopen (["/dev/fd/" getenv("GRADLAB_ASKED")], "rb");
  answered = fopen (["/dev/fd/" getenv("GRADLAB_ANSWERED")], "wb");
  question = ["/dev/fd/" getenv("GRADLAB_QUESTION")];
  answer = ["/dev/fd/" getenv("GRADLAB_ANSWER")];
  warning ("off", "all");
  found = {};
  while (true)
    kind = fread (asked, 1, "uint8");
    if (isempty (kind))
      return
    endif
    begun = cputime ();
    try
      if (kind != "p")  # not once more the last answer in plain values
        given = load ("-binary", question).question;
        if (kind == "k")
          given = gradlab_restored (given);
        endif
        found = cell (1, given{1});
        [found{:}] = feval (given{2:end});
        found = {0, found, cputime() - begun};
      else
        found = gradlab_plain (found);
      endif
    catch problem
      stack = problem.stack;
      found = {1, {problem.message, {stack.file}, {stack.name}, [stack.line]}, cputime() - begun};
    end_try_catch
    try
      save ("-binary", answer, "found");
    catch
      found = gradlab_plain (found);
      save ("-binary", answer, "found");
    end_try_catch
    fwrite (answered, 1, "uint8");
    fflush (answered);
  endwhile
endfunction

% The value in arrays, strings, cells and structs.
function x = gradlab_plain (x)
  global gradlab_kept
  if (iscell (x))
    x = cellfun (@gradlab_plain, x, "UniformOutput", false);
  elseif (isstruct (x))
    names = fieldnames (x);
    x = cell2struct (gradlab_plain (struct2cell (x)), names, 1);
  elseif (isnumeric (x) || islogical (x))
    shape = size (x);
    x = reshape (full (x(:)), shape);
  elseif (isa (x, "containers.Map"))
    x = struct ("gradlab_names", {keys(x)}, "gradlab_values", {gradlab_plain(values (x))});
  elseif (! ischar (x))
    gradlab_kept{end + 1} = x;
    x = struct ("gradlab_kept", numel (gradlab_kept));
  endif
endfunction

% The opposite of gradlab_plain.
function x = gradlab_restored (x)
  global gradlab_kept
  if (iscell (x))
    x = cellfun (@gradlab_restored, x, "UniformOutput", false);
  elseif (isstruct (x) && isfield (x, "gradlab_kept"))
    x = gradlab_kept{x.gradlab_kept};
  elseif (isstruct (x) && isfield (x, "gradlab_names"))
    x = containers.Map (x.gradlab_names, gradlab_restored (x.gradlab_values), "UniformValues", false);
  elseif (isstruct (x))
    names = fieldnames (x);
    x = cell2struct (gradlab_restored (struct2cell (x)), names, 1);
  endif
endfunction

global gradlab_kept
gradlab_kept = {};
gradlab_serve ();
