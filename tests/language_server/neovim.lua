-- What a user does in Neovim, and what is shown: written as JSON to $BGLINT_SEEN.
local server, folder, deadline = vim.env.BGLINT_PYTHON, vim.env.BGLINT_FOLDER, tonumber(vim.env.BGLINT_DEADLINE_MS)
local client = vim.lsp.start_client({
  name = 'bglint',
  cmd = { server, '-m', 'bglint', 'server' },
  root_dir = folder,
  workspace_folders = { { uri = vim.uri_from_fname(folder), name = 'shop' } },
})

local function open(name)
  vim.cmd('edit ' .. folder .. '/shop/' .. name)
  local buffer = vim.api.nvim_get_current_buf()
  vim.lsp.buf_attach_client(buffer, client)
  return buffer
end

local function shown(buffer)
  local found = {}
  for _, each in ipairs(vim.diagnostic.get(buffer)) do
    local line = vim.api.nvim_buf_get_lines(buffer, each.lnum, each.lnum + 1, false)[1] or ''
    table.insert(found, { code = each.code, row = each.lnum, text = line:sub(each.col + 1, each.end_col) })
  end
  return found
end

local function when(condition)
  if not vim.wait(deadline, condition, 20) then error('it never happened: ' .. vim.inspect(vim.diagnostic.get())) end
end

local seen = {}
local ok, problem = pcall(function()
  local api = open('api.py')
  when(function() return #shown(api) == 1 end)
  seen.opened = shown(api)

  vim.api.nvim_buf_set_lines(api, 0, 0, true, { '"""Ünsaved."""' })
  when(function() return #shown(api) == 1 and shown(api)[1].row == 6 end)
  seen.typed = shown(api)

  vim.api.nvim_buf_set_lines(api, 3, 3, true, { 'def half(', '' })
  when(function() return #shown(api) == 1 and shown(api)[1].row == 8 end)
  seen.half_written = shown(api)
  vim.api.nvim_buf_set_lines(api, 3, 5, true, {})

  local media = open('media.py')
  vim.api.nvim_buf_set_lines(media, 0, -1, true, vim.split(vim.env.BGLINT_LIGHT, '\n'))
  when(function() return #shown(api) == 0 end)
  seen.helper_made_light = shown(api)
end)
if not ok then seen.problem = problem end
vim.fn.writefile({ vim.fn.json_encode(seen) }, vim.env.BGLINT_SEEN)
vim.lsp.stop_client(client)
vim.cmd('qall!')
